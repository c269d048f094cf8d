// Numbers as S3's clients write them in queries and fields: digits and nothing else.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace millrace::handlers::s3 {

// Nothing when it is none, or does not fit.
template <class Number>
std::optional<Number> whole_number(std::string_view digits) {
  Number number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace millrace::handlers::s3
