// Reading small texts, the same in every layer: numbers, blanks, upper and lower case. Pure; any thread.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::rt {

// All of the text as one number in digits of `base`; nothing when it is anything else, or does not fit.
template <class Number>
std::optional<Number> whole_number(std::string_view text, int base = 10) {
  Number number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// As above, a number that may have a fraction; "inf" and "nan" are numbers too.
inline std::optional<double> decimal(std::string_view text, std::chars_format format = std::chars_format::general) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, format);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Without what stands around it: spaces and tabs, as around the value of an HTTP field (RFC 9110 §5.6.3).
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = " \t") {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Of ASCII only, whatever the locale.
constexpr char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string lowered(std::string_view text) {
  std::string copy(text);
  for (char& c : copy) c = lowered(c);
  return copy;
}

// Equal but for the case of ASCII letters.
inline bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lowered(x) == lowered(y); });
}

}  // namespace millrace::rt
