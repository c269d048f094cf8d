// Every address the server answers, in but the signed ones, which are the S3 door's (s3/front.h).
#pragma once

#include "handlers/services.h"
#include "server/http/router.h"

namespace millrace::handlers {

// Requests without a signature, by path.
void add_routes(http::Router& router, Services& services);

}  // namespace millrace::handlers
