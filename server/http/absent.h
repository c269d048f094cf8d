// What stands for nothing in our values, as nothing in JSON: null, or left out. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace millrace::http {

// The text must outlive what is made of it.
inline std::optional<std::string_view> unless_empty(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

template <class Number>
std::optional<Number> unless_zero(Number number) {
  return number == 0 ? std::nullopt : std::optional(number);
}

}  // namespace millrace::http
