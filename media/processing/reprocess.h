// Reprocess: begins the processing of a media again from its probe. What was made of it before stays until what is made
// anew takes its place. Any loop.
#pragma once

#include <string>

#include "media/catalog/media.h"
#include "media/jobs/jobs.h"
#include "media/records/clock.h"
#include "media/tenants/encode_minutes.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Reprocess {
 public:
  // All outlive it.
  Reprocess(store::Store& store, const Tenants& tenants, Jobs& jobs, Clock clock)
      : store_(store), jobs_(jobs), minutes_(store, tenants, clock), clock_(clock) {}

  // kConflict while it is being processed, and when it is deleted; kQuotaExceeded when this month's encode minutes are
  // too few for it.
  rt::Task<rt::Result<Media>> start(std::string tenant, std::string id);

 private:
  rt::Task<rt::Status> check_minutes(const Media& media);
  rt::Task<rt::Result<Media>> try_start(Media media);

  store::Store& store_;
  Jobs& jobs_;
  EncodeMinutes minutes_;
  const Clock clock_;
};

}  // namespace millrace::media
