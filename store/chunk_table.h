// The chunks that somebody has in hand: pending ones (being written, not committed yet, shared between uploads) and
// holds on committed ones (a hit whose transaction is not committed yet). What is in hand is not reclaimed.
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/rt/bytes.h"
#include "store/completion.h"
#include "store/model.h"

namespace millrace::store {

class ChunkTable;

// How many bytes a Writer has on their way to the disk; wakes it when there is room again. Thread-safe, one waiter.
class Flow {
 public:
  void add(std::size_t bytes);
  void release(std::size_t bytes);
  // Until at most `limit_bytes` are on their way.
  auto wait_for_room(std::size_t limit_bytes) noexcept {
    struct Awaiter {
      Flow& flow;
      std::size_t limit_bytes;
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> coroutine) { return flow.enqueue(coroutine, limit_bytes); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this, limit_bytes};
  }

 private:
  bool enqueue(std::coroutine_handle<> coroutine, std::size_t limit_bytes);

  std::mutex mutex_;
  std::size_t limit_bytes_ = 0;       // guarded by mutex_; the waiter's
  std::size_t bytes_ = 0;             // guarded by mutex_
  rt::Loop* loop_ = nullptr;          // guarded by mutex_
  std::coroutine_handle<> waiter_{};  // guarded by mutex_
};

// One chunk in hand. Shared by everyone who refers to it; the last one to let go ends the hold.
class HeldChunk {
 public:
  enum class State : std::uint8_t { kQueued, kLocated, kWritten, kCommitted, kFailed };

  HeldChunk(ChunkTable& table, ChunkInfo info, State state) : table_(table), info_(std::move(info)), state_(state) {}
  ~HeldChunk();
  HeldChunk(const HeldChunk&) = delete;
  HeldChunk& operator=(const HeldChunk&) = delete;

  ChunkId id() const { return info_.id; }
  ChunkKey key() const { return info_.key(); }
  const ChunkSummary& summary() const { return info_.summary; }
  // With its place, once located.
  ChunkInfo info() const;
  State state() const;
  rt::Error error() const;

  // The bytes in memory; empty once they are on their way or written.
  rt::Slices slices() const;
  // Set when the place is known (the bytes are handed to the disk), or it failed.
  Latch& located() { return located_; }
  // Set when the bytes can be read back from the segment, or it failed.
  Latch& written() { return written_; }

  // The segment writer's side, in this order.
  void take_charge(rt::Slices slices, std::shared_ptr<Flow> flow);
  void set_located(Place place);
  void drop_slices();
  void set_written();
  void set_failed(const rt::Error& error);
  // The committer's.
  void set_committed();

 private:
  ChunkTable& table_;
  mutable std::mutex mutex_;
  ChunkInfo info_;              // its place is guarded by mutex_
  State state_;                 // guarded by mutex_
  rt::Error error_;             // guarded by mutex_
  rt::Slices slices_;           // guarded by mutex_
  std::shared_ptr<Flow> flow_;  // guarded by mutex_
  Latch located_;
  Latch written_;
};

using HeldChunkPtr = std::shared_ptr<HeldChunk>;

class ChunkTable {
 public:
  explicit ChunkTable(ChunkId next_id) : next_id_(next_id) {}

  // Pending chunks with this key.
  std::vector<HeldChunkPtr> pending(const ChunkKey& key);
  // Adds a pending chunk, unless one with its key came up that `known` does not list: then gives that one instead.
  struct Added {
    HeldChunkPtr chunk;
    bool is_new;
  };
  Added add_pending(const Hash128& domain, ChunkSummary summary, const std::vector<HeldChunkPtr>& known);
  // A hold on a committed chunk; none while it is being forgotten. The caller then looks whether the index still has
  // it.
  HeldChunkPtr hold(ChunkId id);
  // From now on the index knows it: it is no longer found here by key.
  void committed(HeldChunk& chunk);

  // Forbids further holds; false when there is one already. Until absolve().
  bool condemn(ChunkId id);
  void absolve(const std::vector<ChunkId>& ids);

  ChunkId next_id() const;
  // Chunks that were written and let go without a commit since the last call: bytes that belong to nobody.
  std::vector<DeadRun> take_abandoned();

 private:
  friend class HeldChunk;
  void let_go(const ChunkInfo& chunk, HeldChunk::State state);
  void remove_pending(const ChunkKey& key);

  mutable std::mutex mutex_;
  ChunkId next_id_;                                             // guarded by mutex_
  std::multimap<ChunkKey, std::weak_ptr<HeldChunk>> pending_;   // guarded by mutex_
  std::unordered_map<ChunkId, std::weak_ptr<HeldChunk>> held_;  // guarded by mutex_
  std::unordered_set<ChunkId> condemned_;                       // guarded by mutex_
  std::vector<DeadRun> abandoned_;                              // guarded by mutex_
};

}  // namespace millrace::store
