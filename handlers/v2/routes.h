// Every path of the v2 door, with the scopes its keys need.
#pragma once

#include "handlers/services.h"
#include "server/http/router.h"

namespace millrace::handlers::v2 {

void add_routes(http::Router& router, Services& services);

}  // namespace millrace::handlers::v2
