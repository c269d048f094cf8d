#include "handlers/time_text.h"

#include <algorithm>
#include <chrono>

#include "server/http/date.h"

namespace millrace::handlers {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes a number of exactly so many digits and, if there are any to choose from, one character behind it.
std::optional<int> take_number(std::string_view& text, std::size_t digits, std::string_view behind = {}) {
  if (text.size() < digits || !std::ranges::all_of(text.substr(0, digits), is_digit)) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, digits)) number = number * 10 + (c - '0');
  text.remove_prefix(digits);
  if (behind.empty()) return number;
  if (text.empty() || !behind.contains(text.front())) return std::nullopt;
  text.remove_prefix(1);
  return number;
}

// ".123456": milliseconds; a point without digits is none.
std::optional<int> take_fraction_ms(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  int ms = 0;
  std::size_t digits = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++digits) {
    if (digits < 3) ms = ms * 10 + (text.front() - '0');
  }
  for (std::size_t i = digits; i < 3; ++i) ms *= 10;
  return digits > 0 ? std::optional(ms) : std::nullopt;
}

// "Z" or "+01:30", to the end: minutes east of UTC.
std::optional<int> take_offset_minutes(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  const bool east = text.starts_with('+');
  if (!east && !text.starts_with('-')) return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2, ":");
  const auto minutes = hours ? take_number(text, 2) : std::nullopt;
  if (!minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return (east ? 1 : -1) * (*hours * 60 + *minutes);
}

}  // namespace

std::string time_text(std::int64_t unix_ms) { return http::iso_time(unix_ms); }

std::string second_text(std::int64_t unix_ms) {
  constexpr std::size_t kToTheSecond = 19;
  return http::iso_time(unix_ms).substr(0, kToTheSecond) + "Z";
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = take_number(text, 4, "-");
  const auto month_number = year_number ? take_number(text, 2, "-") : std::nullopt;
  const auto day_number = month_number ? take_number(text, 2, "Tt ") : std::nullopt;
  const auto hour = day_number ? take_number(text, 2, ":") : std::nullopt;
  const auto minute = hour ? take_number(text, 2, ":") : std::nullopt;
  const auto second = minute ? take_number(text, 2) : std::nullopt;
  const auto fraction_ms = second ? take_fraction_ms(text) : std::nullopt;
  const auto offset_minutes = fraction_ms ? take_offset_minutes(text) : std::nullopt;
  if (!offset_minutes || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const year_month_day date(year(*year_number), month(static_cast<unsigned>(*month_number)),
                            day(static_cast<unsigned>(*day_number)));
  if (!date.ok()) return std::nullopt;
  const auto moment = sys_days(date) + hours(*hour) + minutes(*minute - *offset_minutes) + seconds(*second) +
                      milliseconds(*fraction_ms);
  return moment.time_since_epoch().count();
}

}  // namespace millrace::handlers
