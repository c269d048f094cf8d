// Events: the log of what happened, in order, for each tenant. Any loop.
#pragma once

#include "media/records/clock.h"
#include "store/store.h"

namespace millrace::media {

class Events {
 public:
  explicit Events(store::Store& store, Clock clock = system_clock_ms) : store_(store), clock_(clock) {}

 private:
  [[maybe_unused]] store::Store& store_;
  [[maybe_unused]] const Clock clock_;
};

}  // namespace millrace::media
