// Times as doors write them (RFC 3339, UTC) and read them (in any time zone).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::handlers {

// "2026-11-21T10:31:04.123Z"
std::string time_text(std::int64_t unix_ms);
// "2026-11-21T10:31:04Z"
std::string second_text(std::int64_t unix_ms);
// Milliseconds since 1970 UTC; nothing unless it is a date, a time and an offset (RFC 3339 §5.6). A fraction finer than
// milliseconds is cut.
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace millrace::handlers
