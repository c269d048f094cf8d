// The wall clock as a value, so that tests of expiry and backoff need no waiting. Any thread.
#pragma once

#include <cstdint>

namespace millrace::media {

// Milliseconds since 1970 UTC.
using Clock = std::int64_t (*)();

std::int64_t system_clock_ms();

}  // namespace millrace::media
