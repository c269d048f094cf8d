// OAuth 2.0 client credentials (RFC 6749 §4.4): an access key and its secret become a bearer token for 16 hours.
#pragma once

#include "handlers/services.h"
#include "server/http/message.h"
#include "server/rt/task.h"

namespace millrace::handlers {

// POST /oauth/token and /realms/{tenant}/protocol/openid-connect/token. The client may authenticate in the form or
// with HTTP Basic.
rt::Task<http::Response> issue_token(Services& services, http::Exchange& exchange);

}  // namespace millrace::handlers
