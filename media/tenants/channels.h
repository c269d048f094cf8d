// Channels: the shelves of a tenant that media stand on. Every tenant has a default one from its first moment. Any
// loop.
#pragma once

#include <cstdint>
#include <string>

#include "media/records/clock.h"
#include "media/records/listing.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

struct Channel {
  std::string id;
  std::string tenant;
  std::string title;
  bool is_default = false;
  std::int64_t created_ms = 0;
};

class Channels {
 public:
  explicit Channels(store::Store& store, Clock clock = system_clock_ms) : store_(store), clock_(clock) {}

  rt::Task<rt::Result<Channel>> create(std::string tenant, std::string title);
  rt::Task<rt::Result<Channel>> get(std::string tenant, std::string id);
  rt::Task<rt::Result<Page<Channel>>> list(std::string tenant, Query query);

 private:
  store::Store& store_;
  const Clock clock_;
};

}  // namespace millrace::media
