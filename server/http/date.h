// HTTP dates (RFC 9110 §5.6.7): always written as IMF-fixdate, read in that form only (the obsolete ones have been
// forbidden to senders since 1999).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::http {

// "Sun, 06 Nov 1994 08:49:37 GMT", for years 1970 to 9999.
std::string http_date(std::int64_t unix_seconds);
std::optional<std::int64_t> parse_http_date(std::string_view text);

// "2026-11-21T10:31:04.123Z" (RFC 3339).
std::string iso_time(std::int64_t unix_ms);

// The date of this second, for the Date field; cached per thread.
std::string_view current_http_date(std::int64_t unix_seconds);

}  // namespace millrace::http
