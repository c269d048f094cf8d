// A HeldChunk is never destroyed under the table's lock: its destructor takes it.
#include "store/chunk_table.h"

#include <algorithm>
#include <utility>

namespace millrace::store {

void Flow::add(std::size_t bytes) {
  std::lock_guard lock(mutex_);
  bytes_ += bytes;
}

void Flow::release(std::size_t bytes) {
  rt::Loop* loop = nullptr;
  std::coroutine_handle<> waiter;
  {
    std::lock_guard lock(mutex_);
    bytes_ -= bytes;
    if (!waiter_ || bytes_ > limit_bytes_) return;
    loop = loop_;
    waiter = std::exchange(waiter_, {});
  }
  loop->post(waiter);
}

bool Flow::enqueue(std::coroutine_handle<> coroutine, std::size_t limit_bytes) {
  std::lock_guard lock(mutex_);
  if (bytes_ <= limit_bytes) return false;
  limit_bytes_ = limit_bytes;
  loop_ = &rt::Loop::current();
  waiter_ = coroutine;
  return true;
}

HeldChunk::~HeldChunk() { table_.let_go(info_, state_); }

ChunkInfo HeldChunk::info() const {
  std::lock_guard lock(mutex_);
  return info_;
}

HeldChunk::State HeldChunk::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

rt::Error HeldChunk::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

rt::Slices HeldChunk::slices() const {
  std::lock_guard lock(mutex_);
  return slices_;
}

void HeldChunk::take_charge(rt::Slices slices, std::shared_ptr<Flow> flow) {
  std::lock_guard lock(mutex_);
  slices_ = std::move(slices);
  flow_ = std::move(flow);
}

void HeldChunk::set_located(Place place) {
  {
    std::lock_guard lock(mutex_);
    info_.place = place;
    state_ = State::kLocated;
  }
  located_.set();
}

void HeldChunk::drop_slices() {
  rt::Slices dropped;
  std::shared_ptr<Flow> flow;
  {
    std::lock_guard lock(mutex_);
    dropped.swap(slices_);
    flow = std::move(flow_);
  }
  if (flow) flow->release(info_.summary.length);
}

void HeldChunk::set_written() {
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kLocated) state_ = State::kWritten;
  }
  drop_slices();
  written_.set();
}

void HeldChunk::set_failed(const rt::Error& error) {
  {
    std::lock_guard lock(mutex_);
    state_ = State::kFailed;
    error_ = error;
  }
  drop_slices();
  located_.set();
  written_.set();
}

void HeldChunk::set_committed() {
  {
    std::lock_guard lock(mutex_);
    state_ = State::kCommitted;
  }
  table_.committed(*this);
}

std::vector<HeldChunkPtr> ChunkTable::pending(const ChunkKey& key) {
  std::vector<HeldChunkPtr> chunks;
  std::lock_guard lock(mutex_);
  const auto [first, last] = pending_.equal_range(key);
  for (auto entry = first; entry != last; ++entry) {
    if (auto chunk = entry->second.lock()) chunks.push_back(std::move(chunk));
  }
  return chunks;
}

ChunkTable::Added ChunkTable::add_pending(const Hash128& domain, ChunkSummary summary,
                                          const std::vector<HeldChunkPtr>& known) {
  const ChunkKey key{domain, summary.hash, summary.length};
  std::vector<HeldChunkPtr> seen;  // outlives the lock
  std::lock_guard lock(mutex_);
  const auto [first, last] = pending_.equal_range(key);
  for (auto entry = first; entry != last; ++entry) {
    seen.push_back(entry->second.lock());
    const bool usable = seen.back() && seen.back()->state() != HeldChunk::State::kFailed;
    if (usable && std::ranges::find(known, seen.back()) == known.end()) return {seen.back(), false};
  }
  const ChunkId id = next_id_++;
  auto chunk =
      std::make_shared<HeldChunk>(*this, ChunkInfo{id, domain, std::move(summary), {}}, HeldChunk::State::kQueued);
  pending_.emplace(key, chunk);
  held_[id] = chunk;
  return {std::move(chunk), true};
}

HeldChunkPtr ChunkTable::hold(ChunkId id) {
  HeldChunkPtr chunk;
  std::lock_guard lock(mutex_);
  if (condemned_.contains(id)) return nullptr;
  std::weak_ptr<HeldChunk>& held = held_[id];
  chunk = held.lock();
  if (!chunk) {
    chunk = std::make_shared<HeldChunk>(*this, ChunkInfo{id, {}, {}, {}}, HeldChunk::State::kCommitted);
    chunk->located().set();
    chunk->written().set();
    held = chunk;
  }
  return chunk;
}

void ChunkTable::remove_pending(const ChunkKey& key) {
  const auto [first, last] = pending_.equal_range(key);
  for (auto entry = first; entry != last;) {
    entry = entry->second.expired() ? pending_.erase(entry) : std::next(entry);
  }
}

void ChunkTable::committed(HeldChunk& chunk) {
  std::vector<HeldChunkPtr> seen;  // outlives the lock
  std::lock_guard lock(mutex_);
  const auto [first, last] = pending_.equal_range(chunk.key());
  for (auto entry = first; entry != last;) {
    seen.push_back(entry->second.lock());
    entry = seen.back().get() == &chunk ? pending_.erase(entry) : std::next(entry);
  }
}

bool ChunkTable::condemn(ChunkId id) {
  std::lock_guard lock(mutex_);
  const auto held = held_.find(id);
  if (held != held_.end() && !held->second.expired()) return false;
  condemned_.insert(id);
  return true;
}

void ChunkTable::absolve(const std::vector<ChunkId>& ids) {
  std::lock_guard lock(mutex_);
  for (ChunkId id : ids) condemned_.erase(id);
}

ChunkId ChunkTable::next_id() const {
  std::lock_guard lock(mutex_);
  return next_id_;
}

void ChunkTable::let_go(const ChunkInfo& chunk, HeldChunk::State state) {
  std::lock_guard lock(mutex_);
  const auto held = held_.find(chunk.id);
  if (held != held_.end() && held->second.expired()) held_.erase(held);
  if (state != HeldChunk::State::kCommitted) remove_pending(chunk.key());
  if (state == HeldChunk::State::kWritten) abandoned_.push_back({chunk.place, chunk.summary.length});
}

std::vector<DeadRun> ChunkTable::take_abandoned() {
  std::lock_guard lock(mutex_);
  return std::exchange(abandoned_, {});
}

}  // namespace millrace::store
