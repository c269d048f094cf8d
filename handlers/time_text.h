// Times as doors write them (RFC 3339, UTC).
#pragma once

#include <cstdint>
#include <string>

namespace millrace::handlers {

// "2026-11-21T10:31:04.123Z"
std::string time_text(std::int64_t unix_ms);
// "2026-11-21T10:31:04Z"
std::string second_text(std::int64_t unix_ms);

}  // namespace millrace::handlers
