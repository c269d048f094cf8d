#include "server/http/date.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <chrono>

#include "server/rt/text.h"

namespace millrace::http {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string http_date(std::int64_t unix_seconds) {
  using namespace std::chrono;
  const sys_seconds time{seconds(unix_seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  using namespace std::chrono;
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' ||
      text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  unsigned month_index = 0;
  while (month_index < kMonths.size() && kMonths[month_index] != text.substr(8, 3)) ++month_index;
  const auto day_number = rt::whole_number<unsigned>(text.substr(5, 2));
  const auto year_number = rt::whole_number<unsigned>(text.substr(12, 4));
  const auto hour = rt::whole_number<unsigned>(text.substr(17, 2));
  const auto minute = rt::whole_number<unsigned>(text.substr(20, 2));
  const auto second = rt::whole_number<unsigned>(text.substr(23, 2));
  if (!day_number || !year_number || !hour || !minute || !second) return std::nullopt;
  const year_month_day date(year(static_cast<int>(*year_number)), month(month_index + 1), day(*day_number));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto time = sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second);
  return duration_cast<seconds>(time.time_since_epoch()).count();
}

std::string iso_time(std::int64_t unix_ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(unix_ms / 1000)),
                     unix_ms % 1000);
}

std::string_view current_http_date(std::int64_t unix_seconds) {
  thread_local std::int64_t cached_second = -1;
  thread_local std::string cached;
  if (unix_seconds != cached_second) {
    cached = http_date(unix_seconds);
    cached_second = unix_seconds;
  }
  return cached;
}

}  // namespace millrace::http
