// Every path of the v1 door, with the scopes its keys need.
#pragma once

#include "handlers/services.h"
#include "server/http/router.h"

namespace millrace::handlers::v1 {

void add_routes(http::Router& router, Services& services);

}  // namespace millrace::handlers::v1
