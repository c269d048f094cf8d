#include "handlers/v1/cursor.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace millrace::handlers::v1 {
namespace {

constexpr std::size_t kIdMaxBytes = 64;

bool is_id(std::string_view text) {
  const auto good = [](unsigned char c) { return std::isxdigit(c) || c == '-'; };
  return !text.empty() && text.size() <= kIdMaxBytes && std::ranges::all_of(text, good);
}

}  // namespace

std::string cursor_text(const media::MediaMark& mark) { return std::to_string(mark.created_ms) + "|" + mark.id; }

rt::Result<media::MediaMark> parse_cursor(std::string_view text) {
  media::MediaMark mark;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, mark.created_ms);
  if (error == std::errc() && mark.created_ms >= 0 && after != end && *after == '|') mark.id.assign(after + 1, end);
  if (is_id(mark.id)) return mark;
  return rt::fail(rt::Code::kInvalid, "cursor must be a next_cursor of an earlier answer", "cursor");
}

}  // namespace millrace::handlers::v1
