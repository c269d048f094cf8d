#include "handlers/time_text.h"

#include "server/http/date.h"

namespace millrace::handlers {

std::string time_text(std::int64_t unix_ms) { return http::iso_time(unix_ms); }

std::string second_text(std::int64_t unix_ms) {
  constexpr std::size_t kToTheSecond = 19;
  return http::iso_time(unix_ms).substr(0, kToTheSecond) + "Z";
}

}  // namespace millrace::handlers
