// SkippedStreams: the streams a peer left out when it opened a later one. They can never be opened (RFC 9113 §5.1.1),
// but nghttp2 takes a HEADERS on them for one that crossed a reset. Bounded: what is forgotten is forgiven.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace millrace::h2 {

class SkippedStreams {
 public:
  void opened(std::int32_t stream_id) noexcept {
    if (stream_id > last_opened_ + 2) ranges_[next_++ % ranges_.size()] = {last_opened_ + 1, stream_id - 1};
    last_opened_ = stream_id;
  }
  bool contains(std::int32_t stream_id) const noexcept {
    return std::ranges::any_of(
        ranges_, [stream_id](const Range& range) { return range.first <= stream_id && stream_id <= range.last; });
  }

 private:
  struct Range {
    std::int32_t first = 0;
    std::int32_t last = -1;
  };
  std::array<Range, 4> ranges_ = {};
  std::uint32_t next_ = 0;
  std::int32_t last_opened_ = -1;
};

}  // namespace millrace::h2
