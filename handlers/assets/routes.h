// Every path of the assets door, with the scopes its keys need.
#pragma once

#include "handlers/services.h"
#include "server/http/router.h"

namespace millrace::handlers::assets {

void add_routes(http::Router& router, Services& services);

}  // namespace millrace::handlers::assets
