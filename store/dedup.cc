// A candidate has the same domain, hash and length. It is shared only when its bytes are equal: hashes may collide, and
// stored bytes may be damaged, in which case the arriving ones are stored anew.
#include "store/dedup.h"

#include <algorithm>
#include <cstring>

#include "server/rt/bus_guard.h"
#include "store/chunk_buffer.h"

namespace millrace::store {
namespace {

ChunkKey key_of(const FinishedChunk& chunk) { return {chunk.domain, chunk.summary.hash, chunk.summary.length}; }

bool equal(const rt::Slices& slices, std::span<const std::byte> bytes) {
  for (const rt::Slice& slice : slices) {
    if (std::memcmp(slice.data(), bytes.data(), slice.size()) != 0) return false;
    bytes = bytes.subspan(slice.size());
  }
  return bytes.empty();
}

// Both have the same total length.
bool equal(const rt::Slices& a, const rt::Slices& b) {
  std::size_t b_index = 0;
  std::size_t b_offset = 0;
  for (const rt::Slice& slice : a) {
    for (std::size_t done = 0; done < slice.size();) {
      const rt::Slice& other = b[b_index];
      const std::size_t count = std::min(slice.size() - done, other.size() - b_offset);
      if (std::memcmp(slice.data() + done, other.data() + b_offset, count) != 0) return false;
      done += count;
      b_offset += count;
      if (b_offset == other.size()) {
        ++b_index;
        b_offset = 0;
      }
    }
  }
  return true;
}

void share(Internals& store, FinishedChunk& chunk, HeldChunkPtr held) {
  store.counters.deduplicated_bytes.fetch_add(chunk.summary.length, std::memory_order_relaxed);
  chunk.slices.clear();
  chunk.flow->release(chunk.summary.length);
  chunk.draft->resolve(std::move(held));
}

void fail(FinishedChunk& chunk, rt::Error error) {
  chunk.slices.clear();
  chunk.flow->release(chunk.summary.length);
  chunk.draft->fail(std::move(error));
}

void write(Internals& store, FinishedChunk& chunk, HeldChunkPtr added) {
  added->take_charge(std::move(chunk.slices), chunk.flow);
  chunk.draft->resolve(added);
  store.writer.append(std::move(added));
}

// Blocks: compares with bytes that have to come from the disk. False also when they cannot be read.
bool equal_from_disk(Internals& store, const FinishedChunk& chunk, const ChunkInfo& info) {
  thread_local ChunkBuffer buffer;
  const auto bytes = buffer.read(store.segments, info);
  if (bytes && equal(chunk.slices, *bytes)) return true;
  if (!bytes && bytes.error().code == rt::Code::kNotFound) return false;  // moved meanwhile
  if (!bytes || !matches_checksums(*bytes, info.summary)) {
    store.damage.report(info, bytes ? "the stored bytes do not match their checksums (found while deduplicating)"
                                    : bytes.error().message);
  }
  return false;
}

// False also when they cannot be read.
bool equal_in_memory(const rt::Slices& slices, const StoredBytes& stored) {
  bool same = false;
  return rt::survives([&] { same = equal(slices, stored.bytes()); }) && same;
}

rt::Task<bool> same_as_stored(Internals& store, const FinishedChunk& chunk, const ChunkInfo& info) {
  auto stored = stored_bytes(store.segments, info);
  if (!stored || info.key() != key_of(chunk)) co_return false;
  if (stored->mapping->resident(stored->offset, stored->length) && equal_in_memory(chunk.slices, *stored)) {
    co_return true;
  }
  const bool same = co_await store.io.run([&] { return equal_from_disk(store, chunk, info); });
  co_return same;
}

rt::Task<bool> same_as_pending(Internals& store, const FinishedChunk& chunk, HeldChunk& pending) {
  const rt::Slices slices = pending.slices();
  if (!slices.empty()) co_return equal(chunk.slices, slices);
  if (!pending.written().is_set()) {
    store.writer.flush_soon();
    co_await pending.written().wait();
  }
  if (pending.state() == HeldChunk::State::kFailed) co_return false;
  const ChunkInfo info = pending.info();
  const bool same = co_await same_as_stored(store, chunk, info);
  co_return same;
}

// A hold on the committed chunk if it is there and equal.
rt::Task<HeldChunkPtr> share_committed(Internals& store, const FinishedChunk& chunk, ChunkId id) {
  HeldChunkPtr held = store.table.hold(id);
  if (!held) co_return nullptr;
  auto entry = co_await look_up(store.io, [&store, id](Reach reach) { return store.catalog.chunk(id, reach); });
  if (!entry || !*entry) co_return nullptr;
  const bool same = co_await same_as_stored(store, chunk, (*entry)->info);
  co_return same ? std::move(held) : nullptr;
}

rt::Task<void> resolve(Internals& store, FinishedChunk chunk) {
  const ChunkKey key = key_of(chunk);
  auto ids = co_await look_up(store.io, [&](Reach reach) { return store.catalog.chunks_with(key, reach); });
  if (!ids) {
    fail(chunk, std::move(ids.error()));
    co_return;
  }
  std::vector<HeldChunkPtr> compared;
  for (ChunkId id : *ids) {
    HeldChunkPtr held = co_await share_committed(store, chunk, id);
    if (held) {
      share(store, chunk, std::move(held));
      co_return;
    }
  }
  for (;;) {
    auto added = store.table.add_pending(chunk.domain, chunk.summary, compared);
    if (added.is_new) {
      write(store, chunk, std::move(added.chunk));
      co_return;
    }
    const bool same = co_await same_as_pending(store, chunk, *added.chunk);
    if (same) {
      share(store, chunk, std::move(added.chunk));
      co_return;
    }
    compared.push_back(std::move(added.chunk));
  }
}

}  // namespace

void store_chunk(Internals& store, FinishedChunk chunk) {
  const ChunkKey key = key_of(chunk);
  const auto ids = store.catalog.chunks_with(key, Reach::kMemory);
  if (ids && ids->empty()) {
    auto added = store.table.add_pending(chunk.domain, chunk.summary, {});
    if (added.is_new) {
      write(store, chunk, std::move(added.chunk));
      return;
    }
  }
  rt::Loop::current().spawn(resolve(store, std::move(chunk)));
}

}  // namespace millrace::store
