#include "handlers/tus/disposition.h"

#include "server/http/url.h"
#include "server/rt/text.h"

namespace millrace::handlers::tus {
namespace {

using rt::same_word;

constexpr std::string_view kUtf8 = "UTF-8'";

void skip_spaces(std::string_view& text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
}

// Cuts off a quoted text, without its quotes and escapes, or a token.
std::string take_value(std::string_view& text) {
  if (!text.starts_with('"')) {
    const std::string_view token = text.substr(0, text.find_first_of("; \t"));
    text.remove_prefix(token.size());
    return std::string(token);
  }
  std::string value;
  for (text.remove_prefix(1); !text.empty() && text.front() != '"'; text.remove_prefix(1)) {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text.front();
  }
  text.remove_prefix(text.empty() ? 0 : 1);
  return value;
}

std::optional<std::string> decode_extended(std::string_view value) {
  if (value.size() < kUtf8.size() || !same_word(value.substr(0, kUtf8.size()), kUtf8)) return std::nullopt;
  const auto language_end = value.find('\'', kUtf8.size());
  if (language_end == value.npos) return std::nullopt;
  return http::percent_decode(value.substr(language_end + 1));
}

}  // namespace

std::optional<std::string> file_name_in(std::string_view field) {
  std::optional<std::string> plain;
  std::optional<std::string> extended;
  field.remove_prefix(std::min(field.find(';'), field.size()));
  while (field.starts_with(';')) {
    field.remove_prefix(1);
    skip_spaces(field);
    const std::string_view name = field.substr(0, field.find_first_of("=;"));
    field.remove_prefix(name.size());
    if (!field.starts_with('=')) continue;
    field.remove_prefix(1);
    skip_spaces(field);
    std::string value = take_value(field);
    if (same_word(name, "filename") && !plain) plain = std::move(value);
    if (same_word(name, "filename*") && !extended) extended = decode_extended(value);
    field.remove_prefix(std::min(field.find(';'), field.size()));
  }
  auto& chosen = extended ? extended : plain;
  if (chosen && chosen->empty()) chosen.reset();
  return chosen;
}

}  // namespace millrace::handlers::tus
