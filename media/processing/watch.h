// Watch: looks after a running job whose media may go: when nobody wants any more what it makes, because the media was
// removed or its processing cancelled, the attempt is stopped within a second or so. On the queue's loop.
#pragma once

#include <functional>

#include "media/jobs/jobs.h"
#include "server/rt/event.h"
#include "server/rt/task.h"

namespace millrace::media {

class Watch {
 public:
  using IsWanted = std::function<rt::Task<bool>()>;

  // All outlive it. Looks until end(), which must have been awaited before it goes.
  Watch(Jobs& jobs, JobRun& job, IsWanted is_wanted) : jobs_(jobs), job_(job), is_wanted_(std::move(is_wanted)) {
    scope_.spawn(look());
  }

  rt::Task<void> end();

 private:
  rt::Task<void> look();

  Jobs& jobs_;
  JobRun& job_;
  const IsWanted is_wanted_;
  rt::Event woken_;
  bool ended_ = false;
  rt::Scope scope_;
};

}  // namespace millrace::media
