// An event as a value: something that happened to an upload, a media, an import or a download, told to whoever listens
// (webhooks, GET /v2/events). It is written in the transaction that makes it true, so it is told exactly when that is.
#pragma once

#include <cstdint>
#include <string>

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

// Into the transaction that makes it true. `now_ms`: when it happened.
void add_event(store::Transaction& transaction, NewEvent event, std::int64_t now_ms);

// `type` without what it happens to: "completed", "ready".
NewEvent event_of(const Upload& upload, std::string_view what);
NewEvent event_of(const Media& media, std::string_view what);

}  // namespace millrace::media
