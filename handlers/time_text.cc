#include "handlers/time_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace millrace::handlers {
namespace {

std::string without_zone(std::int64_t unix_ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(unix_ms / 1000)));
}

}  // namespace

std::string time_text(std::int64_t unix_ms) { return fmt::format("{}.{:03}Z", without_zone(unix_ms), unix_ms % 1000); }

std::string second_text(std::int64_t unix_ms) { return without_zone(unix_ms) + "Z"; }

}  // namespace millrace::handlers
