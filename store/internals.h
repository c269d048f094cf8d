// What the store's parts share with Writers and Readers. Owned by EmbeddedStore, outlives them all. Members are
// thread-safe or constant.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "server/rt/budget.h"
#include "server/rt/pool.h"
#include "store/catalog.h"
#include "store/chunk_table.h"
#include "store/epochs.h"
#include "store/hash.h"
#include "store/segment_writer.h"
#include "store/segments.h"

namespace millrace::store {

// Damaged chunks found since start. Each is reported once.
class DamageLog {
 public:
  void report(const ChunkInfo& chunk, const std::string& reason);
  // Something that is damaged but no chunk.
  void report(std::string sentence);
  void on_damage(std::function<void(std::string)> tell);
  std::uint64_t count() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_set<ChunkId> chunks_;     // guarded by mutex_
  std::vector<std::string> untold_;        // guarded by mutex_; found before anybody listened
  std::function<void(std::string)> tell_;  // guarded by mutex_
};

struct Counters {
  std::atomic<std::uint64_t> deduplicated_bytes{0};
  std::atomic<std::uint64_t> copied_body_bytes{0};
  std::atomic<std::uint64_t> scrubbed_bytes{0};
};

struct Internals {
  const Options& options;
  const HashSecret& secret;
  rt::Budget& budget;
  rt::Pool& io;
  const Catalog& catalog;
  Segments& segments;
  SegmentWriter& writer;
  ChunkTable& table;
  Epochs& epochs;
  DamageLog& damage;
  Counters& counters;
};

// Runs a look-up on this thread when memory can answer it, else in the I/O pool.
template <class LookUp>
auto look_up(rt::Pool& io, LookUp ask) -> rt::Task<decltype(ask(Reach::kMemory))> {
  auto found = ask(Reach::kMemory);
  if (found || found.error().code != rt::Code::kUnavailable) co_return found;
  auto from_disk = co_await io.run([&ask] { return ask(Reach::kDisk); });
  co_return from_disk;
}

// The chunk's stored bytes: a mapping that holds them and where they begin in it.
struct StoredBytes {
  rt::Ref<Mapping> mapping;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::span<const std::byte> bytes() const { return {mapping->data() + offset, length}; }
};

// kNotFound when the segment is gone: the chunk has moved, look it up again.
rt::Result<StoredBytes> stored_bytes(const Segments& segments, const ChunkInfo& chunk);

// Compares the blocks that [from, to) of a chunk touches with their checksums; bytes that cannot be read are not
// intact. Reads memory: populate it first.
bool blocks_intact(const StoredBytes& stored, const ChunkSummary& summary, std::uint64_t from, std::uint64_t to);

}  // namespace millrace::store
