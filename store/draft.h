// The inside of a Draft: chunks in order, each with the hold that keeps it from being reclaimed, and perhaps a run of
// an object's extents among them. Filled on one loop, read by the committer once every chunk has settled.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "store/chunk_table.h"
#include "store/epochs.h"
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

// Extents of an object, taken over as they are. The pin keeps their chunks, whatever becomes of the object.
struct SharedRun {
  std::shared_ptr<const ObjectEntry> object;
  std::shared_ptr<const Epochs::Pin> pin;
  std::size_t first = 0;   // of its extents
  std::size_t end = 0;     // behind the last of them
  std::size_t before = 0;  // how many of the draft's chunks come first
};

struct Draft::Content {
  std::vector<std::shared_ptr<DraftChunk>> chunks;
  std::optional<SharedRun> shared;
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32 = 0;
  std::uint64_t crc64nvme = 0;

  void add(std::shared_ptr<DraftChunk> chunk, const ChunkSummary& summary);
};

}  // namespace millrace::store
