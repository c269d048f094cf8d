// Processing: what is asked of the processing of a media from outside: to begin again from its probe, or to end. What
// was made of it before stays until what is made anew takes its place. Any loop.
#pragma once

#include <functional>
#include <string>

#include "media/catalog/media.h"
#include "media/jobs/jobs.h"
#include "media/records/clock.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Processing {
 public:
  // Both outlive it.
  Processing(store::Store& store, Jobs& jobs, Clock clock) : store_(store), jobs_(jobs), clock_(clock) {}

  // kConflict while it is being processed, and when it is deleted.
  rt::Task<rt::Result<Media>> restart(std::string tenant, std::string id);
  // It is errored, or ready with what it had before. The step that runs notices and stops (watch.h); one that is queued
  // finds nothing to do. kConflict when it is not being processed, and when it is deleted.
  rt::Task<rt::Result<Media>> cancel(std::string tenant, std::string id);

 private:
  using Check = rt::Status (*)(const Media& media);
  using Edit = std::function<rt::Task<rt::Status>(Media& media, store::Transaction& transaction)>;
  rt::Task<rt::Result<Media>> change(std::string tenant, std::string id, Check check, Edit edit);
  rt::Task<rt::Status> begin(Media& media, store::Transaction& transaction);

  store::Store& store_;
  Jobs& jobs_;
  const Clock clock_;
};

}  // namespace millrace::media
