// The answers of the client/v1 door: `{data}`, and refusals as `{message, errors?: {field: [text]}}`. What is wrong
// with a field is 422 here, as clients of this API expect.
#pragma once

#include <string_view>

#include "handlers/door.h"
#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers::client_v1 {

extern const Door door;

// `data` is JSON.
http::Response success(std::string_view data);
http::Response accepted(std::string_view message, std::string_view data);

}  // namespace millrace::handlers::client_v1
