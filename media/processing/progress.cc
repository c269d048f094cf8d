#include "media/processing/progress.h"

#include <algorithm>
#include <charconv>

namespace millrace::media {
namespace {

constexpr std::size_t kLineMaxBytes = 256;
constexpr std::string_view kOutTime = "out_time_us=";

}  // namespace

void ProgressReader::feed(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    if (line_.size() + part.size() <= kLineMaxBytes) line_ += part;
    if (end == std::string_view::npos) return;
    read_line(line_);
    line_.clear();
    piece.remove_prefix(end + 1);
  }
}

void ProgressReader::read_line(std::string_view line) {
  if (!line.starts_with(kOutTime)) return;
  line.remove_prefix(kOutTime.size());
  std::int64_t microseconds = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), microseconds);
  if (error == std::errc{}) out_time_ms_ = std::max(out_time_ms_, microseconds / 1000);
}

std::uint32_t percent_of(std::int64_t done_ms, std::int64_t whole_ms, std::uint32_t most) {
  if (whole_ms <= 0 || done_ms <= 0) return 0;
  const double share = std::min(1.0, static_cast<double>(done_ms) / static_cast<double>(whole_ms));
  return static_cast<std::uint32_t>(share * most);
}

}  // namespace millrace::media
