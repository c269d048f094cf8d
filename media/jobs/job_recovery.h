// JobRecovery: what an earlier process left behind. What it ran is queued again, and what it queued before tenants took
// turns gets its turn. Each is done by itself, and what cannot be read now is tried again, so that no damaged record
// keeps the others from running. On the queue's loop.
#pragma once

#include <string>
#include <vector>

#include "media/records/clock.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class JobRecovery {
 public:
  // The store outlives it.
  JobRecovery(store::Store& store, Clock clock) : store_(store), clock_(clock) {}

  // Before anything runs: afterwards what is marked as running may be so.
  rt::Task<rt::Status> find_interrupted();
  // As much as can be done now; whether nothing is left.
  rt::Task<bool> go_on();

 private:
  rt::Task<rt::Status> requeue(std::string id);
  rt::Task<rt::Result<bool>> give_turns();

  store::Store& store_;
  const Clock clock_;
  std::vector<std::string> interrupted_;  // ids
  bool turns_given_ = false;
};

}  // namespace millrace::media
