// References are summed up per chunk first: a join that moves ten thousand extents from parts into one object leaves
// every count as it is and touches no chunk.
#include "store/apply.h"

#include <fmt/format.h>

#include <unordered_map>

namespace millrace::store {
namespace {

using Gains = std::unordered_map<ChunkId, std::int64_t>;

void gain(Gains& gains, const std::vector<Extent>& extents, std::int64_t count) {
  for (const Extent& extent : extents) gains[extent.chunk] += count;
}

rt::Status add_chunk(const ChunkInfo& info, Change& change, Applied& applied) {
  auto known = change.chunk(info.id);
  if (!known) return pass(known);
  if (*known) return {};
  change.put_chunk({info, {}});
  ++applied.chunks;
  applied.stored_bytes += info.summary.length;
  applied.next_chunk_id = std::max(applied.next_chunk_id, info.id + 1);
  if (auto added = change.add_to_key(info.key(), info.id); !added) return added;
  return change.add_live_bytes(info.place.segment, static_cast<std::int64_t>(info.summary.length));
}

rt::Status change_count(ChunkId id, std::int64_t gained, Change& change, ApplyTime time) {
  auto entry = change.chunk(id);
  if (!entry) return pass(entry);
  if (!*entry && gained < 0) return {};  // what is damaged can be removed
  if (!*entry) return rt::fail(rt::Code::kDamaged, fmt::format("chunk {} is referenced but unknown", id));
  const RefCount before = (*entry)->count;
  const RefCount after = before.changed(gained, time.now + time.deletable_after_seconds);
  if (before.references == 0 && before.deletable_at != 0) change.erase_garbage(before.deletable_at, id);
  if (after.references == 0) change.put_garbage(after.deletable_at, id);
  (*entry)->count = after;
  change.put_chunk(**entry);
  return {};
}

rt::Status move_chunk(const ChunkInfo& moved, Change& change) {
  auto entry = change.chunk(moved.id);
  if (!entry) return pass(entry);
  if (!*entry) return {};
  const auto length = static_cast<std::int64_t>((*entry)->info.summary.length);
  if (auto left = change.add_live_bytes((*entry)->info.place.segment, -length); !left) return left;
  if (auto came = change.add_live_bytes(moved.place.segment, length); !came) return came;
  (*entry)->info.place = moved.place;
  change.put_chunk(**entry);
  return {};
}

rt::Status remove_object(ObjectId id, Gains& gains, Change& change, Applied& applied) {
  auto object = change.object(id);
  if (!object) return pass(object);
  if (!*object) return {};
  gain(gains, (*object)->extents, -1);
  --applied.objects;
  applied.logical_bytes -= (*object)->info.size_bytes;
  change.erase_object(id);
  return {};
}

}  // namespace

rt::Status apply_commit(const Commit& commit, Change& change, Applied& applied, ApplyTime time) {
  for (const RecordEntry& put : commit.puts) change.put_record(put);
  for (const Erasure& erasure : commit.erasures) change.erase_record(erasure.key);
  for (const ChunkInfo& chunk : commit.chunks) {
    if (auto added = add_chunk(chunk, change, applied); !added) return added;
  }
  Gains gains;
  for (const ObjectEntry& object : commit.creations) {
    gain(gains, object.extents, 1);
    ++applied.objects;
    applied.logical_bytes += object.info.size_bytes;
    change.put_object(object);
  }
  for (const Removal& removal : commit.removals) {
    if (auto removed = remove_object(removal.id, gains, change, applied); !removed) return removed;
  }
  for (const auto& [id, gained] : gains) {
    if (gained == 0) continue;
    if (auto counted = change_count(id, gained, change, time); !counted) return counted;
  }
  for (const ChunkInfo& moved : commit.moves) {
    if (auto done = move_chunk(moved, change); !done) return done;
  }
  applied.sequence = commit.sequence;
  return {};
}

rt::Status forget_chunk(const ChunkEntry& entry, Change& change, Applied& applied) {
  const ChunkInfo& info = entry.info;
  change.erase_chunk(info.id);
  change.erase_garbage(entry.count.deletable_at, info.id);
  --applied.chunks;
  applied.stored_bytes -= info.summary.length;
  if (auto removed = change.remove_from_key(info.key(), info.id); !removed) return removed;
  return change.add_live_bytes(info.place.segment, -static_cast<std::int64_t>(info.summary.length));
}

}  // namespace millrace::store
