// Every address the server answers, in one table per way in.
#pragma once

#include "handlers/services.h"
#include "server/http/router.h"

namespace millrace::handlers {

// Requests without a signature, by path.
void add_routes(http::Router& router, Services& services);
// Requests that carry AWS Signature Version 4.
void add_signed_routes(http::Router& router, Services& services);

}  // namespace millrace::handlers
