#include "server/http/structured.h"

#include <algorithm>
#include <charconv>

namespace millrace::http {
namespace {

constexpr std::size_t kIntegerDigitsMax = 15;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_key_character(char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*'; }
bool is_token_character(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~:/").find(c) != std::string_view::npos;
}

std::size_t run_of(std::string_view text, bool (*belongs)(char)) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, belongs) - text.begin());
}

void skip_spaces(std::string_view& text) {
  text.remove_prefix(run_of(text, [](char c) { return c == ' '; }));
}

// The bytes of a String with its quotes; 0 when it does not end.
std::size_t quoted_bytes(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    const bool escaped = text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\');
    if (text[at] == '\\' && !escaped) return 0;
    at += escaped ? 1 : 0;
  }
  return 0;
}

// How many bytes the bare item takes; 0 when there is none.
std::size_t bare_item_bytes(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() == '"') return quoted_bytes(text);
  if (text.front() == ':') return text.find(':', 1) == text.npos ? 0 : text.find(':', 1) + 1;
  if (text.front() == '?') return text.size() > 1 && (text[1] == '0' || text[1] == '1') ? 2 : 0;
  if (is_alpha(text.front()) || text.front() == '*') return run_of(text, is_token_character);
  const std::size_t sign = text.front() == '-' ? 1 : 0;
  const std::size_t number = run_of(text.substr(sign), [](char c) { return is_digit(c) || c == '.'; });
  return number == 0 ? 0 : sign + number;
}

// True when nothing but parameters follows.
bool only_parameters(std::string_view text) {
  while (text.starts_with(';')) {
    text.remove_prefix(1);
    skip_spaces(text);
    if (text.empty() || !(is_lower(text.front()) || text.front() == '*')) return false;
    text.remove_prefix(run_of(text, is_key_character));
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    const std::size_t value = bare_item_bytes(text);
    if (value == 0) return false;
    text.remove_prefix(value);
  }
  skip_spaces(text);
  return text.empty();
}

}  // namespace

std::optional<std::int64_t> parse_integer_item(std::string_view field) {
  skip_spaces(field);
  const std::size_t sign = field.starts_with('-') ? 1 : 0;
  const std::size_t digits = run_of(field.substr(sign), is_digit);
  if (digits == 0 || digits > kIntegerDigitsMax || !only_parameters(field.substr(sign + digits))) return std::nullopt;
  std::int64_t value = 0;
  std::from_chars(field.data(), field.data() + sign + digits, value);
  return value;
}

std::optional<bool> parse_boolean_item(std::string_view field) {
  skip_spaces(field);
  const bool is_boolean = field.starts_with("?0") || field.starts_with("?1");
  if (!is_boolean || !only_parameters(field.substr(2))) return std::nullopt;
  return field[1] == '1';
}

}  // namespace millrace::http
