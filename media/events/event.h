// An event as a value: something that happened to an upload, a media, an import or a download, told to whoever listens
// (webhooks, GET /v2/events). It is written in the transaction that makes it true, so it is told exactly when that is.
//
// There it has no place in its tenant's log yet: a place that all transactions of a tenant count would make them wait
// for one another. It has a stamp, and the sequencer (sequencer.h) moves events into the log by their stamps. Stamps
// grow, and of two events of one subject the second is stamped after the first was committed, because both changed the
// subject's record. So the log has the events of a subject in their order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/store.h"

namespace millrace::media {

struct Media;
struct Upload;

struct NewEvent {
  std::string tenant = {};
  std::string type = {};     // "upload.completed"
  std::string subject = {};  // the id of what it happened to: events of one subject are told in order
  std::string data = {};     // a JSON object: the subject as it then is
};

// As it stands in the log.
struct Event {
  std::string id;
  std::string tenant;
  std::string type;
  std::string subject;
  std::string data;
  std::int64_t at_ms = 0;
  std::uint64_t position = 0;  // in its tenant's log, from 1 on; 0 while it has no place
};

// Into the transaction that makes it true. `now_ms`: when it happened. Any thread.
void add_event(store::Transaction& transaction, NewEvent event, std::int64_t now_ms);

// Events from now on are stamped behind this key of keys::new_events(), which an earlier process wrote.
void stamp_after(std::string_view key);

// `what` is the type without what it happens to: "completed", "ready".
NewEvent event_of(const Upload& upload, std::string_view what);
NewEvent event_of(const Media& media, std::string_view what);

}  // namespace millrace::media
