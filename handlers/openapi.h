// The API document (OpenAPI 3.1). It is written by hand, a piece beside each door (openapi.yaml), and joined by
// openapi.py when the program is built.
#pragma once

#include <string_view>

#include "handlers/services.h"
#include "server/http/message.h"
#include "server/rt/task.h"

namespace millrace::handlers {

// JSON; lives as long as the program.
std::string_view openapi_text();

// GET /openapi.json, for anybody, with an ETag.
rt::Task<http::Response> openapi(Services&, http::Exchange&);

}  // namespace millrace::handlers
