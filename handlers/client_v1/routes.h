// Every path of the client/v1 door, with the scopes its keys need.
#pragma once

#include "handlers/services.h"
#include "server/http/router.h"

namespace millrace::handlers::client_v1 {

void add_routes(http::Router& router, Services& services);

}  // namespace millrace::handlers::client_v1
