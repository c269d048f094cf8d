// Visits the trustworthy records of one segment in order. In the newest segment what lies above the last place known to
// be durable may be torn: there chunks are verified too, and the first record that is not whole ends the segment.
// Everywhere else a bad record is damage: told, and skipped. So is an end before that place.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/segment_scanner.h"
#include "store/segments.h"

namespace millrace::store {

struct SegmentVisitor {
  std::function<rt::Status(const ChunkInfo& chunk)> on_chunk;  // with its place
  std::function<rt::Status(const CommitGroup& group, Place end)> on_group;
  std::function<void(std::string sentence)> on_damage;
};

// What speaks for a segment's bytes besides its own commit records.
struct Trust {
  bool newest = false;  // only then may its end be torn
  Place durable_below;  // as the index knows; none: {}
};

// From `start`, the header's or a record's end. Returns where the trustworthy part ends.
rt::Result<std::uint64_t> walk_segment(const Segment& segment, std::uint64_t start, const Trust& trust,
                                       const SegmentVisitor& visitor);

}  // namespace millrace::store
