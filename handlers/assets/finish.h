// The third phase: all chunks are there, the asset is made.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::assets {

Answer finish_asset(Services& services, const http::Request& request, std::string tenant, std::string id);

}  // namespace millrace::handlers::assets
