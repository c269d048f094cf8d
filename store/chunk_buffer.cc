#include "store/chunk_buffer.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "store/crc.h"

namespace millrace::store {
namespace {

constexpr std::align_val_t kAlignment{kDiskBlockBytes};

}  // namespace

void ChunkBuffer::Free::operator()(std::byte* memory) const { ::operator delete(memory, kAlignment); }

rt::Result<std::span<const std::byte>> ChunkBuffer::read(const Segments& segments, const ChunkInfo& chunk) {
  const SegmentPtr segment = segments.find(chunk.place.segment);
  if (!segment) return rt::fail(rt::Code::kNotFound, fmt::format("{} is missing", segment_name(chunk.place.segment)));
  const std::uint64_t first = chunk.place.offset / kDiskBlockBytes * kDiskBlockBytes;
  const std::uint64_t skipped = chunk.place.offset - first;
  const std::uint64_t wanted = align_up(skipped + chunk.summary.length, kDiskBlockBytes);
  if (size_ < wanted) {
    memory_.reset(static_cast<std::byte*>(::operator new(wanted, kAlignment)));
    size_ = wanted;
  }
  auto got = segment->bulk_file().read(first, {memory_.get(), wanted});
  if (!got) return pass(got);
  if (*got < skipped + chunk.summary.length) {
    return rt::fail(rt::Code::kDamaged, fmt::format("{} ends before the chunk does", segment_name(segment->number())));
  }
  return std::span<const std::byte>(memory_.get() + skipped, chunk.summary.length);
}

bool matches_checksums(std::span<const std::byte> bytes, const ChunkSummary& summary) {
  for (std::uint32_t expected : summary.block_crc32s) {
    const auto block = bytes.first(std::min(bytes.size(), kChecksumBlockBytes));
    if (crc32_update(0, block) != expected) return false;
    bytes = bytes.subspan(block.size());
  }
  return bytes.empty();
}

}  // namespace millrace::store
