// The original bytes of a media as a response, the same through every door: ranges, conditions, HEAD.
#pragma once

#include <string>

#include "handlers/door.h"
#include "handlers/endpoint.h"
#include "handlers/services.h"

namespace millrace::handlers {

// `door` words a range that cannot be satisfied.
Answer original_response(Services& services, http::Exchange& exchange, const Door& door, std::string tenant,
                         std::string media_id);

}  // namespace millrace::handlers
