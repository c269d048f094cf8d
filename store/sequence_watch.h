// Tells which commits are missing when segments are gone through from the lowest number on. Compaction removes segments
// with their commits; within one, and from one to its neighbour, none may be missing.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>

#include "store/segment_format.h"

namespace millrace::store {

class SequenceWatch {
 public:
  void enter(SegmentNumber segment) {
    if (segment != segment_ + 1) next_ = 0;
    segment_ = segment;
  }
  void expect(std::uint64_t sequence, const std::function<void(std::string sentence)>& tell) {
    if (next_ != 0 && sequence > next_) {
      tell(fmt::format("commits {} to {} are missing in {}", next_, sequence - 1, segment_name(segment_)));
    }
    next_ = sequence + 1;
  }

 private:
  SegmentNumber segment_ = 0;
  std::uint64_t next_ = 1;  // 0: any
};

}  // namespace millrace::store
