// Endpoints for callers without a key. Who asks how often is the endpoint's own business (admission.h).
#pragma once

#include "handlers/door.h"
#include "handlers/endpoint.h"

namespace millrace::handlers {

using OpenEndpoint = Answer (*)(Services&, http::Exchange&);

// `services` and `door` outlive the handler.
http::Handler without_key(Services& services, const Door& door, OpenEndpoint endpoint);
// `keyed` for who sent a key, right or wrong.
http::Handler with_or_without_key(http::Handler keyed, http::Handler open);

}  // namespace millrace::handlers
