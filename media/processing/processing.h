// Processing: what is asked of the processing of a media from outside: to begin again from its probe, or to end. What
// was made of it before stays until what is made anew takes its place. Any loop.
#pragma once

#include <functional>
#include <string>

#include "media/catalog/media.h"
#include "media/jobs/jobs.h"
#include "media/records/clock.h"
#include "media/tenants/encode_minutes.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Processing {
 public:
  // All outlive it.
  Processing(store::Store& store, const Tenants& tenants, Jobs& jobs, Clock clock)
      : store_(store), jobs_(jobs), minutes_(store, tenants, clock), clock_(clock) {}

  // kConflict while it is being processed, and when it is deleted; kQuotaExceeded when this month's encode minutes are
  // too few for it.
  rt::Task<rt::Result<Media>> restart(std::string tenant, std::string id);
  // It is errored, or ready if it was before. The step that is queued or runs ends. kConflict when it is not being
  // processed, and when it is deleted.
  rt::Task<rt::Result<Media>> cancel(std::string tenant, std::string id);

 private:
  using Edit = std::function<rt::Task<rt::Status>(Media& media, store::Transaction& transaction)>;
  rt::Task<rt::Result<Media>> change(std::string tenant, std::string id, Edit edit);
  rt::Task<rt::Status> begin(Media& media, store::Transaction& transaction);
  rt::Task<rt::Status> end(Media& media, store::Transaction& transaction);
  rt::Task<rt::Status> check_minutes(const Media& media) const;

  store::Store& store_;
  Jobs& jobs_;
  const EncodeMinutes minutes_;
  const Clock clock_;
};

}  // namespace millrace::media
