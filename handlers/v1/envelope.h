// Refusals of the v1 door: `{"error":{type, code?, message, param?, request_id}}`. What is right is answered plainly.
#pragma once

#include <string_view>

#include "handlers/door.h"
#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers::v1 {

extern const Door door;

// `body` is JSON.
http::Response answer(int status, std::string_view body);
// With a word of this door's own for programs.
http::Response refuse(int status, std::string_view code, const rt::Error& error, const http::Exchange& exchange);

}  // namespace millrace::handlers::v1
