// Reading stored bytes through the mapping, and telling about those that are damaged.
#include "store/internals.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/rt/bus_guard.h"
#include "store/crc.h"

namespace millrace::store {

void DamageLog::report(const ChunkInfo& chunk, const std::string& reason) {
  {
    std::lock_guard lock(mutex_);
    if (!chunks_.insert(chunk.id).second) return;
  }
  report(fmt::format("chunk {} ({} bytes at {} of {}): {}", chunk.id, chunk.summary.length, chunk.place.offset,
                     segment_name(chunk.place.segment), reason));
}

void DamageLog::report(std::string sentence) {
  std::function<void(std::string)> tell;
  {
    std::lock_guard lock(mutex_);
    tell = tell_;
    if (!tell) untold_.push_back(sentence);
  }
  if (tell) tell(std::move(sentence));
}

void DamageLog::on_damage(std::function<void(std::string)> tell) {
  std::vector<std::string> untold;
  {
    std::lock_guard lock(mutex_);
    tell_ = tell;
    untold.swap(untold_);
  }
  for (std::string& sentence : untold) tell(std::move(sentence));
}

std::uint64_t DamageLog::count() const {
  std::lock_guard lock(mutex_);
  return chunks_.size();
}

rt::Result<StoredBytes> stored_bytes(const Segments& segments, const ChunkInfo& chunk) {
  const SegmentPtr segment = segments.find(chunk.place.segment);
  if (!segment) return rt::fail(rt::Code::kNotFound, fmt::format("{} is missing", segment_name(chunk.place.segment)));
  auto mapping = segment->mapping(chunk.place.offset + chunk.summary.length);
  if (!mapping) return pass(mapping);
  return StoredBytes{std::move(*mapping), chunk.place.offset, chunk.summary.length};
}

bool blocks_intact(const StoredBytes& stored, const ChunkSummary& summary, std::uint64_t from, std::uint64_t to) {
  const auto bytes = stored.bytes();
  for (std::uint64_t block = from / kChecksumBlockBytes; block * kChecksumBlockBytes < to; ++block) {
    const std::uint64_t start = block * kChecksumBlockBytes;
    const auto part = bytes.subspan(start, std::min<std::uint64_t>(kChecksumBlockBytes, bytes.size() - start));
    std::uint32_t crc32 = 0;
    if (!rt::survives([&] { crc32 = crc32_update(0, part); }) || crc32 != summary.block_crc32s[block]) return false;
  }
  return true;
}

}  // namespace millrace::store
