#include "media/limits.h"

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

}  // namespace millrace::media
