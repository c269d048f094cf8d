#include "store/scrub.h"

#include "store/codec.h"

namespace millrace::store {

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
  return {};
}

// A chunk that moved or was reclaimed while it was read is not damaged.
rt::Status Scrubber::check(const ChunkInfo& chunk) {
  const auto bytes = buffer_.read(store_.segments, chunk);
  if (bytes && matches_checksums(*bytes, chunk.summary)) return {};
  auto now = store_.catalog.chunk(chunk.id);
  if (!now) return pass(now);
  if (!*now || (*now)->info.place != chunk.place) return {};
  store_.damage.report(
      chunk, bytes ? "the stored bytes do not match their checksums (found by scrubbing)" : bytes.error().message);
  return {};
}

}  // namespace millrace::store
