// The store's nouns as plain values: what codec.h turns into bytes and catalog.h keeps in the index. No behaviour but
// the life of a reference count.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/digest.h"
#include "store/store.h"

namespace millrace::store {

using ChunkId = std::uint64_t;  // counts up, never used twice
using SegmentNumber = std::uint32_t;

// The longest chunk any setting allows, and so the longest one a decoder accepts.
inline constexpr std::uint64_t kChunkBytesMax = std::uint64_t{64} << 20;

struct Place {
  SegmentNumber segment = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const Place&) const = default;
};

// Payload bytes that nobody needs any more.
struct DeadRun {
  Place place;
  std::uint64_t length = 0;
};

// What chunks are found by. Equal keys are only a hint: bytes are compared before a chunk is shared.
struct ChunkKey {
  Hash128 domain;
  Hash128 hash;
  std::uint64_t length = 0;
  auto operator<=>(const ChunkKey&) const = default;
};

struct ChunkInfo {
  ChunkId id = 0;
  Hash128 domain;
  ChunkSummary summary;
  Place place;  // of the payload
  ChunkKey key() const { return {domain, summary.hash, summary.length}; }
  bool operator==(const ChunkInfo&) const = default;
};

// The life of a reference count: present, then deletable at a moment, then absent. Present again when a new object
// finds the chunk before it is gone.
struct RefCount {
  enum class Life : std::uint8_t { kPresent, kDeletable, kDeletableLater };

  std::uint64_t references = 0;
  std::int64_t deletable_at = 0;

  Life life(std::int64_t now) const {
    if (references > 0) return Life::kPresent;
    return now >= deletable_at ? Life::kDeletable : Life::kDeletableLater;
  }
  // `gained` may be negative but never below what is there.
  RefCount changed(std::int64_t gained, std::int64_t deletable_from) const {
    const std::uint64_t left = references + static_cast<std::uint64_t>(gained);
    return {left, left > 0 ? 0 : deletable_from};
  }
  bool operator==(const RefCount&) const = default;
};

struct ChunkEntry {
  ChunkInfo info;
  RefCount count;
  bool operator==(const ChunkEntry&) const = default;
};

struct Extent {
  ChunkId chunk = 0;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  auto operator<=>(const Extent&) const = default;
};

// since_segment, here and below: no segment before this one holds anything under the same name and life. A deletion is
// remembered while a segment from there on is left.
struct ObjectEntry {
  ObjectInfo info;
  std::vector<Extent> extents;
  SegmentNumber since_segment = 0;
};

struct RecordEntry {
  std::string key;
  std::string value;
  Revision revision = 0;
  SegmentNumber since_segment = 0;
};

struct Erasure {
  std::string key;
  Revision revision = 0;
  SegmentNumber since_segment = 0;
};

struct Removal {
  ObjectId id;
  SegmentNumber since_segment = 0;
};

// One transaction as it stands in a segment: facts, not intentions.
struct Commit {
  std::uint64_t sequence = 0;
  std::vector<RecordEntry> puts;
  std::vector<Erasure> erasures;
  std::vector<ChunkInfo> chunks;
  std::vector<ObjectEntry> creations;
  std::vector<Removal> removals;
  std::vector<ChunkInfo> moves;
  std::vector<RecordEntry> carried_puts;
  std::vector<Erasure> carried_erasures;
  std::vector<ObjectEntry> carried_creations;
  std::vector<Removal> carried_removals;
};

struct CommitGroup {
  std::vector<Commit> commits;
  Place durable_below;
};

struct Applied {
  std::uint64_t sequence = 0;
  Place end;  // behind the last commit record the index has seen
  ChunkId next_chunk_id = 1;
  std::uint64_t objects = 0;
  std::uint64_t chunks = 0;
  std::uint64_t logical_bytes = 0;
  std::uint64_t stored_bytes = 0;
};

}  // namespace millrace::store
