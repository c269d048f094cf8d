// The upload behind an asset that is sent in phases. Only this door goes on with it, ends it or cancels it, so a key of
// this door alone cannot touch what comes in through another.
#pragma once

#include <string>

#include "handlers/services.h"
#include "media/uploads/upload.h"
#include "server/rt/task.h"

namespace millrace::handlers::assets {

// kNotFound for uploads of other doors.
rt::Task<rt::Result<media::Upload>> find_phased(Services& services, std::string tenant, std::string id);

}  // namespace millrace::handlers::assets
