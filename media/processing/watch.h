// Watch: looks after a running step whose media may go: when the media is removed, its processing cancelled or begun
// again, nobody wants what the step makes, and its attempt is stopped within a second or so. On the queue's loop.
#pragma once

#include "media/processing/workshop.h"
#include "server/rt/event.h"

namespace millrace::media {

class Watch {
 public:
  // Both outlive it. Looks until end(), which must have been awaited before it goes.
  Watch(Workshop& shop, Stage stage, JobRun& job) : shop_(shop), stage_(stage), job_(job) { scope_.spawn(look()); }

  rt::Task<void> end();

 private:
  rt::Task<void> look();
  rt::Task<bool> is_wanted();

  Workshop& shop_;
  const Stage stage_;
  JobRun& job_;
  rt::Event woken_;
  bool ended_ = false;
  rt::Scope scope_;
};

}  // namespace millrace::media
