#include "media/processing/byte_playlist.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "server/rt/text.h"

namespace millrace::media {
namespace {

constexpr double kSegmentMaxSeconds = 3600;

struct Range {
  std::uint64_t length = 0;
  std::uint64_t offset = 0;
};

std::unexpected<rt::Error> unreadable() {
  return rt::fail(rt::Code::kUnprocessable, "the packager's playlist cannot be read");
}

// "181097@846"
std::optional<Range> parse_range(std::string_view text) {
  const std::size_t at = std::min(text.find('@'), text.size());
  const auto length = rt::whole_number<std::uint64_t>(text.substr(0, at));
  const auto offset = rt::whole_number<std::uint64_t>(text.substr(std::min(at + 1, text.size())));
  if (!length || !offset) return std::nullopt;
  return Range{*length, *offset};
}

// "4.000000,"
std::optional<std::uint32_t> parse_duration(std::string_view text) {
  const auto seconds = rt::decimal(text.substr(0, text.find(',')));
  if (!seconds || !std::isfinite(*seconds) || *seconds < 0 || *seconds > kSegmentMaxSeconds) return {};
  return static_cast<std::uint32_t>(std::llround(*seconds * 1000));
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string_view after(std::string_view line, std::string_view tag) {
  return line.starts_with(tag) ? line.substr(tag.size()) : std::string_view();
}

std::optional<std::uint64_t> header_of(std::string_view map) {
  constexpr std::string_view kAttribute = "BYTERANGE=\"";
  const std::size_t at = map.find(kAttribute);
  if (at == std::string_view::npos) return std::nullopt;
  map.remove_prefix(at + kAttribute.size());
  const auto range = parse_range(map.substr(0, map.find('"')));
  if (!range || range->offset != 0) return std::nullopt;
  return range->length;
}

}  // namespace

rt::Result<TrackLayout> parse_byte_playlist(std::string_view text, std::uint64_t size_bytes) {
  TrackLayout layout;
  std::uint64_t end = 0;  // of what was read so far
  std::optional<std::uint32_t> duration_ms;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (const auto map = after(line, "#EXT-X-MAP:"); !map.empty()) {
      const auto header = header_of(map);
      if (!header || end != 0) return unreadable();
      end = layout.header_bytes = *header;
    } else if (const auto length = after(line, "#EXTINF:"); !length.empty()) {
      duration_ms = parse_duration(length);
    } else if (const auto bytes = after(line, "#EXT-X-BYTERANGE:"); !bytes.empty()) {
      const auto range = parse_range(bytes);
      if (!range || !duration_ms || end == 0 || range->offset != end || range->length == 0) return unreadable();
      layout.segments.push_back({range->offset, range->length, *duration_ms});
      if (range->length > size_bytes) return unreadable();
      end += range->length;
      duration_ms.reset();
    }
    if (end > size_bytes) return unreadable();
  }
  if (layout.segments.empty()) return unreadable();
  return layout;
}

}  // namespace millrace::media
