// The inside of a Draft: chunks in order, each with the hold that keeps it from being reclaimed. Filled by one Writer
// on its loop, read by the committer once every chunk has settled.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "store/chunk_table.h"
#include "store/store.h"

namespace millrace::store {

struct DraftChunk {
  explicit DraftChunk(std::uint64_t bytes) : length(bytes) {}

  void resolve(HeldChunkPtr chunk) {
    held = std::move(chunk);
    resolved.set();
  }
  void fail(rt::Error reason) {
    error = std::move(reason);
    resolved.set();
  }
  // Only once resolved and located.
  std::optional<rt::Error> failure() const {
    if (error) return error;
    if (held->state() == HeldChunk::State::kFailed) return held->error();
    return std::nullopt;
  }

  const std::uint64_t length;
  Latch resolved;  // set when it is known which chunk holds these bytes, or that none does
  HeldChunkPtr held;
  std::optional<rt::Error> error;
};

struct Draft::Content {
  std::vector<std::shared_ptr<DraftChunk>> chunks;
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32 = 0;
  std::uint64_t crc64nvme = 0;

  void add(std::shared_ptr<DraftChunk> chunk, const ChunkSummary& summary);
};

}  // namespace millrace::store
