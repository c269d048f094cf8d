// A commit record names the place below which everything had been synced when it was written: one that can be read
// proves that damage below that place is no torn write. So does the place up to which the index has come.
#include "store/segment_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "store/codec.h"

namespace millrace::store {
namespace {

class Walk {
 public:
  // `known_bytes`: as long the segment was, at least.
  Walk(const Segment& segment, std::uint64_t file_bytes, std::uint64_t durable_below, std::uint64_t known_bytes,
       const SegmentVisitor& visitor)
      : segment_(segment),
        file_bytes_(file_bytes),
        durable_below_(durable_below),
        known_bytes_(known_bytes),
        visitor_(visitor) {}

  rt::Result<std::uint64_t> from(std::uint64_t start) {
    SegmentScanner scanner(segment_.file(), segment_.seed(), start, file_bytes_);
    for (;;) {
      const std::uint64_t before = scanner.position();
      auto record = scanner.next();
      if (!record) return pass(record);
      if (!*record && scanner.at_end()) return ended(before);
      if (!*record) {
        if (before >= durable_below_) return before;
        tell(before, "no record where one should be");
        auto found = scanner.find_record(before + kRecordAlignBytes);
        if (!found) return pass(found);
        if (!*found) return ended(before);
        continue;
      }
      auto whole = visit(**record);
      if (!whole) return pass(whole);
      if (!*whole) return before;
    }
  }

 private:
  void tell(std::uint64_t offset, const std::string& reason) {
    visitor_.on_damage(fmt::format("{} at {}: {}", segment_name(segment_.number()), offset, reason));
  }

  std::uint64_t ended(std::uint64_t end) {
    if (end < known_bytes_) tell(end, fmt::format("the segment ends here, it had {} bytes", known_bytes_));
    return end;
  }

  // False: torn, the segment ends here.
  rt::Result<bool> visit(const ScannedRecord& record) {
    return record.header.type == RecordType::kChunk ? visit_chunk(record) : visit_group(record);
  }

  rt::Result<bool> visit_chunk(const ScannedRecord& record) {
    auto chunk = decode_chunk(record.meta);
    if (!chunk || chunk->summary.length != record.header.payload_bytes) {
      tell(record.header.offset, "a chunk with a malformed description");
      return true;
    }
    chunk->place = {segment_.number(), record.header.payload_offset()};
    if (record.header.offset >= durable_below_) {
      auto intact = payload_intact(segment_.file(), chunk->place.offset, chunk->summary);
      if (!intact || !*intact) return intact;
    }
    if (auto visited = visitor_.on_chunk(*chunk); !visited) return pass(visited);
    return true;
  }

  rt::Result<bool> visit_group(const ScannedRecord& record) {
    auto group = decode_commit_group(record.meta);
    if (!group) {
      tell(record.header.offset, group.error().message);
      return true;
    }
    const Place end{segment_.number(), record.header.end()};
    if (auto visited = visitor_.on_group(*group, end); !visited) return pass(visited);
    return true;
  }

  const Segment& segment_;
  const std::uint64_t file_bytes_;
  const std::uint64_t durable_below_;
  const std::uint64_t known_bytes_;
  const SegmentVisitor& visitor_;
};

rt::Result<std::uint64_t> find_durable_end(const Segment& segment, std::uint64_t start, std::uint64_t file_bytes) {
  std::uint64_t durable = start;
  SegmentScanner scanner(segment.file(), segment.seed(), start, file_bytes);
  for (;;) {
    auto record = scanner.next();
    if (!record) return pass(record);
    if (*record) {
      if ((*record)->header.type != RecordType::kCommit) continue;
      auto group = decode_commit_group((*record)->meta);
      if (group && group->durable_below.segment == segment.number()) {
        durable = std::max(durable, group->durable_below.offset);
      }
      continue;
    }
    if (scanner.at_end()) return durable;
    auto found = scanner.find_record(scanner.position() + kRecordAlignBytes);
    if (!found) return pass(found);
    if (!*found) return durable;
  }
}

}  // namespace

rt::Result<std::uint64_t> walk_segment(const Segment& segment, std::uint64_t start, const Trust& trust,
                                       const SegmentVisitor& visitor) {
  auto file_bytes = segment.file().size();
  if (!file_bytes) return file_bytes;
  const Place& known = trust.durable_below;
  const std::uint64_t known_bytes = known.segment == segment.number() ? known.offset : 0;
  std::uint64_t durable_below = std::numeric_limits<std::uint64_t>::max();
  if (trust.newest && known.segment <= segment.number()) {
    auto found = find_durable_end(segment, start, *file_bytes);
    if (!found) return found;
    durable_below = std::max(*found, known_bytes);
  }
  return Walk(segment, *file_bytes, durable_below, known_bytes, visitor).from(start);
}

}  // namespace millrace::store
