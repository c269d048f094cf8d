// Percent-encoding and query strings (RFC 3986 §2.1, §3.4; '+' is a space only in forms).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::http {

// Nothing when the encoding is broken (a lone '%', non-hex digits).
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
// Encodes all but the unreserved characters; keeps '/' when asked to.
std::string percent_encode(std::string_view text, bool keep_slash = false);

using Pairs = std::vector<std::pair<std::string, std::string>>;
// Decoded pairs in their order; nothing when an encoding is broken.
std::optional<Pairs> parse_query(std::string_view query, bool plus_is_space = false);

}  // namespace millrace::http
