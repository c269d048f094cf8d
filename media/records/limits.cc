#include "media/records/limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::media {
namespace {

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

}  // namespace

rt::Status check_text(std::string_view text, const TextRule& rule) {
  const auto refuse = [&](std::string problem) {
    return rt::fail(rt::Code::kInvalid, fmt::format("{} {}", rule.what, problem), std::string(rule.field));
  };
  if (text.size() < rule.bytes_min || text.size() > rule.bytes_max) {
    return refuse(fmt::format("has {} to {} bytes", rule.bytes_min, rule.bytes_max));
  }
  if (std::ranges::any_of(text, is_control)) return refuse("has no control characters");
  return {};
}

rt::Status check_metadata(const std::map<std::string, std::string>& metadata) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : metadata) bytes += name.size() + value.size();
  if (bytes <= kMetadataMaxBytes) return {};
  return rt::fail(rt::Code::kInvalid, fmt::format("metadata has at most {} bytes", kMetadataMaxBytes), "metadata");
}

rt::Status check_languages(const std::vector<std::string>& codes) {
  const auto is_bad = [](const std::string& code) {
    return code.empty() || code.size() > kLanguageMaxBytes || std::ranges::any_of(code, is_control);
  };
  if (codes.size() <= kLanguagesMax && std::ranges::none_of(codes, is_bad)) return {};
  std::string rule = fmt::format("at most {} language codes of 1 to {} bytes", kLanguagesMax, kLanguageMaxBytes);
  return rt::fail(rt::Code::kInvalid, std::move(rule), "transcriptLanguageCodes");
}

}  // namespace millrace::media
