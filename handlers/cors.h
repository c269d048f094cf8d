// CORS (Fetch §3.2): which web pages may call us from a browser, by configured origins.
#pragma once

#include <string>
#include <vector>

#include "server/http/message.h"

namespace millrace::handlers {

bool is_preflight(const http::Request& request);
// 204; says what is allowed if the origin is.
http::Response preflight_response(const std::vector<std::string>& origins, const http::Request& request);
// What is for any page, whatever is configured: playback, where an address is all that one needs and no cookie counts.
bool is_for_any_page(const http::Request& request);
// The same for a response of that kind, also when it says nothing of an origin: caches answer other pages with it.
void allow_any_origin(http::Fields& fields);
// Adds what lets the page read the response, if it came from an allowed origin.
void allow_origin(const std::vector<std::string>& origins, const http::Request& request, http::Fields& fields);

}  // namespace millrace::handlers
