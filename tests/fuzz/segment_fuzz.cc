// A segment as a hostile disk gives it back. The first byte chooses: raw bytes behind a good header, or records with
// good checksums around whatever the input says, so that the decoders behind the checksums are reached too.
#include <cstdlib>

#include "store/segment_walk.h"
#include "tests/store/fake_disk.h"

namespace millrace::store {
namespace {

constexpr SegmentHeader kHeader{{1, 2}, 1};

void append(File& file, std::uint64_t& end, std::string_view bytes) {
  const auto piece = std::as_bytes(std::span(bytes));
  if (!file.write(end, {&piece, 1})) std::abort();
  end += bytes.size();
}

std::size_t take_length(std::string_view& input, std::size_t limit) {
  if (input.size() < 2) return 0;
  const auto high = static_cast<unsigned char>(input[0]);
  const auto low = static_cast<unsigned char>(input[1]);
  input.remove_prefix(2);
  return std::min<std::size_t>((std::size_t{high} << 8 | low), limit);
}

// Type, length of the meta, length of the payload, then both.
void append_records(File& file, std::uint64_t& end, std::string_view input) {
  while (!input.empty()) {
    const auto type = (input[0] & 1) != 0 ? RecordType::kChunk : RecordType::kCommit;
    const bool padded = (input[0] & 2) != 0;
    input.remove_prefix(1);
    const std::size_t meta_bytes = take_length(input, input.size());
    const std::string_view meta = input.substr(0, std::min(meta_bytes, input.size()));
    input.remove_prefix(meta.size());
    const std::size_t payload_bytes = take_length(input, input.size());
    std::string payload(input.substr(0, std::min(payload_bytes, input.size())));
    input.remove_prefix(payload.size());
    const std::size_t length = payload.size();
    payload.resize(align_up(length, kRecordAlignBytes));
    append(file, end, record_front(type, end, kHeader.seed(), meta, length) + payload);
    if (padded) append(file, end, std::string(align_up(end, kDiskBlockBytes) - end, '\0'));
  }
}

void walk(const Segment& segment, const Trust& trust) {
  std::uint64_t seen = 0;
  SegmentVisitor visitor;
  visitor.on_chunk = [&seen](const ChunkInfo& chunk) {
    seen += chunk.summary.length;
    return rt::Status{};
  };
  visitor.on_group = [&seen](const CommitGroup& group, Place) {
    seen += group.commits.size();
    return rt::Status{};
  };
  visitor.on_damage = [&seen](std::string sentence) { seen += sentence.size(); };
  const auto end = walk_segment(segment, kSegmentHeaderBytes, trust, visitor);
  if (!end || *end < kSegmentHeaderBytes || *end > *segment.file().size()) std::abort();
}

}  // namespace
}  // namespace millrace::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::store;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  (void)decode_segment_header(std::as_bytes(std::span(input)));
  FakeDisk disk;
  auto file = disk.open("/segment", Access::kCreate, Caching::kCached);
  const auto header = encode(kHeader);
  std::uint64_t end = 0;
  append(**file, end, {reinterpret_cast<const char*>(header.data()), header.size()});
  const bool raw = input[0] == '\0';
  input.remove_prefix(1);
  if (raw) {
    append(**file, end, input);
  } else {
    append_records(**file, end, input);
  }
  const Segment segment(kHeader, std::move(*file), nullptr, end);
  walk(segment, {.newest = true, .durable_below = {}});
  walk(segment, {.newest = true, .durable_below = {1, 2 * kSegmentHeaderBytes}});
  walk(segment, {});
  return 0;
}
