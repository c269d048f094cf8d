// The answers of the assets door: things as they are, refusals as `{message, errors?: {field: [text]}}`. A missing
// scope is 401 here.
#pragma once

#include <string_view>

#include "handlers/door.h"
#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers::assets {

extern const Door door;

// `body` is JSON.
http::Response answer(int status, std::string_view body);

}  // namespace millrace::handlers::assets
