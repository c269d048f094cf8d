// Webhooks: where each tenant wants its events sent, and what became of each delivery. Any loop.
#pragma once

#include "media/records/clock.h"
#include "store/store.h"

namespace millrace::media {

class Webhooks {
 public:
  explicit Webhooks(store::Store& store, Clock clock = system_clock_ms) : store_(store), clock_(clock) {}

 private:
  [[maybe_unused]] store::Store& store_;
  [[maybe_unused]] const Clock clock_;
};

}  // namespace millrace::media
