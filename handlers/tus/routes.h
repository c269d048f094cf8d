// The addresses of the tus door, which the IETF draft shares: /files and what lies below.
#pragma once

#include "handlers/services.h"
#include "server/http/router.h"

namespace millrace::handlers::tus {

void add_routes(http::Router& router, Services& services);

}  // namespace millrace::handlers::tus
