// CORS (Fetch §3.2): which web pages may call us from a browser, by configured origins.
#pragma once

#include <string>
#include <vector>

#include "server/http/message.h"

namespace millrace::handlers {

bool is_preflight(const http::Request& request);
// 204; says what is allowed if the origin is.
http::Response preflight_response(const std::vector<std::string>& origins, const http::Request& request);
// Adds what lets the page read the response, if it came from an allowed origin.
void allow_origin(const std::vector<std::string>& origins, const http::Request& request, http::Fields& fields);

}  // namespace millrace::handlers
