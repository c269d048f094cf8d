// JobQueue: the index of what is queued, read as the choice of the next job needs it: of each tenant what is due first,
// by one short scan, however many it has queued. An entry whose job cannot be read keeps no other waiting. On the
// queue's loop.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "media/jobs/jobs.h"
#include "media/jobs/turns.h"
#include "media/records/clock.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class JobQueue {
 public:
  // The store outlives it.
  JobQueue(store::Store& store, Clock clock) : store_(store), clock_(clock) {}

  rt::Task<rt::Result<std::vector<Waiting>>> first_of_each_tenant(std::string kind, Priority priority);
  // Nothing when it cannot be read now, which sets the entry aside for `aside_ms`, or when there is no such job or it
  // waits elsewhere, which mends the index: the next look finds another first. An error concerns more than this job.
  rt::Task<rt::Result<std::optional<Job>>> job_of(std::string key, std::int64_t aside_ms);
  // Whether there are entries that are worth another look soon.
  bool has_set_aside() const noexcept { return !aside_.empty(); }

 private:
  bool is_set_aside(const std::string& key) const { return aside_.contains(key); }
  rt::Task<rt::Status> mend(std::string key, std::optional<Job> job);

  store::Store& store_;
  const Clock clock_;
  std::map<std::string, std::int64_t, std::less<>> aside_;  // until when
};

}  // namespace millrace::media
