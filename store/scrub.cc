#include "store/scrub.h"

#include <new>

#include "store/codec.h"
#include "store/crc.h"

namespace millrace::store {
namespace {

constexpr std::align_val_t kAlignment{kDiskBlockBytes};

}  // namespace

void Scrubber::Free::operator()(std::byte* memory) const { ::operator delete(memory, kAlignment); }

rt::Status Scrubber::run(std::uint64_t bytes) {
  std::vector<ChunkInfo> chunks;
  std::uint64_t chosen = 0;
  auto visited = store_.catalog.index().visit(Table::kChunks, index_key(next_), Direction::kForward,
                                              [&](std::string_view, std::string_view value) {
                                                auto entry = decode_chunk_entry(value);
                                                if (!entry) return true;
                                                chosen += entry->info.summary.length;
                                                chunks.push_back(std::move(entry->info));
                                                return chosen < bytes;
                                              });
  if (!visited) return visited;
  next_ = chosen < bytes ? 0 : chunks.back().id + 1;
  for (const ChunkInfo& chunk : chunks) {
    if (auto checked = check(chunk); !checked) return checked;
    store_.counters.scrubbed_bytes.fetch_add(chunk.summary.length, std::memory_order_relaxed);
  }
  file_.reset();
  return {};
}

// A chunk that moved or was reclaimed while it was read is not damaged.
rt::Status Scrubber::check(const ChunkInfo& chunk) {
  auto good = intact(chunk);
  if (good && *good) return {};
  auto now = store_.catalog.chunk(chunk.id);
  if (!now) return pass(now);
  if (!*now || (*now)->info.place != chunk.place) return {};
  store_.damage.report(
      chunk, good ? "the stored bytes do not match their checksums (found by scrubbing)" : good.error().message);
  return {};
}

rt::Status Scrubber::open(SegmentNumber number) {
  if (file_ && file_number_ == number) return {};
  Disk& disk = store_.segments.disk();
  const Caching caching = store_.writer.direct() ? Caching::kDirect : Caching::kCached;
  auto file = disk.open(store_.segments.path(number), Access::kRead, caching);
  if (!file) return pass(file);
  file_ = std::move(*file);
  file_number_ = number;
  return {};
}

rt::Result<bool> Scrubber::intact(const ChunkInfo& chunk) {
  if (auto opened = open(chunk.place.segment); !opened) return pass(opened);
  const std::uint64_t first = chunk.place.offset / kDiskBlockBytes * kDiskBlockBytes;
  const std::uint64_t last = align_up(chunk.place.offset + chunk.summary.length, kDiskBlockBytes);
  if (buffer_bytes_ < last - first) {
    buffer_bytes_ = last - first;
    buffer_.reset(static_cast<std::byte*>(::operator new(buffer_bytes_, kAlignment)));
  }
  auto got = file_->read(first, {buffer_.get(), last - first});
  if (!got) return pass(got);
  const std::uint64_t skipped = chunk.place.offset - first;
  if (*got < skipped + chunk.summary.length) return false;
  std::span<const std::byte> rest(buffer_.get() + skipped, chunk.summary.length);
  for (std::uint32_t expected : chunk.summary.block_crc32s) {
    const auto block = rest.first(std::min(rest.size(), kChecksumBlockBytes));
    if (crc32_update(0, block) != expected) return false;
    rest = rest.subspan(block.size());
  }
  return true;
}

}  // namespace millrace::store
