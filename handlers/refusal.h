// What every door's refusals have in common, whatever their envelope.
#pragma once

#include <string>

#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers {

// `x-should-retry`, `retry-after` and `www-authenticate`, as the error and the response's status want them.
void add_refusal_fields(http::Response& response, const rt::Error& error);

// The error's message, unless it tells of our inside: that is for the log, not for strangers.
std::string public_message(const rt::Error& error);

}  // namespace millrace::handlers
