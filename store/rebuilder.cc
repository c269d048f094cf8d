// References are counted last, when every object that is there is known.
#include "store/rebuilder.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/codec.h"

namespace millrace::store {
namespace {

constexpr std::size_t kBatchSteps = 1024;
constexpr std::size_t kLossesNamed = 100;

}  // namespace

Rebuilder::Rebuilder(Index& index, const Tell& damage, const Former& former)
    : index_(index), change_(index), damage_(damage), former_(former) {}

// Compaction removes segments with their commits; from one to its neighbour none may be missing.
void Rebuilder::enter(SegmentNumber segment) {
  if (segment != segment_ + 1) next_sequence_ = 0;
  segment_ = segment;
}

rt::Status Rebuilder::add_chunk(const ChunkInfo& chunk) {
  change_.put_chunk({chunk, {}});
  use_up(chunk.id);
  return step();
}

rt::Status Rebuilder::add_group(const CommitGroup& group) {
  for (const Commit& commit : group.commits) {
    expect(commit.sequence);
    if (auto added = add_commit(commit); !added) return added;
  }
  return step();
}

rt::Result<Applied> Rebuilder::finish(Place end) {
  rt::Status done = flush();
  if (done) done = count_objects();
  if (done) done = settle_chunks();
  if (!done) return pass(done);
  applied_.end = end;
  change_.put_applied(applied_);
  done = flush();
  if (done) done = index_.sync();
  if (!done) return pass(done);
  return applied_;
}

rt::Status Rebuilder::find_losses(std::vector<std::string>& losses) const {
  if (former_.applied.sequence > applied_.sequence) {
    losses.push_back(fmt::format("commits {} to {} are lost", applied_.sequence + 1, former_.applied.sequence));
  }
  std::size_t lost = 0;
  for (const ObjectId id : former_.objects) {
    if (removed_.contains(id)) continue;
    auto known = change_.object(id);
    if (!known) return pass(known);
    if (!*known && ++lost <= kLossesNamed) losses.push_back(fmt::format("object {} is lost", id.text()));
  }
  if (lost > kLossesNamed) losses.push_back(fmt::format("{} more objects are lost", lost - kLossesNamed));
  return {};
}

void Rebuilder::expect(std::uint64_t sequence) {
  if (next_sequence_ != 0 && sequence > next_sequence_) {
    damage_(fmt::format("commits {} to {} are missing in {}", next_sequence_, sequence - 1, segment_name(segment_)));
  }
  next_sequence_ = sequence + 1;
}

void Rebuilder::use_up(ChunkId id) { applied_.next_chunk_id = std::max(applied_.next_chunk_id, id + 1); }

rt::Status Rebuilder::add_commit(const Commit& commit) {
  applied_.sequence = std::max(applied_.sequence, commit.sequence);
  for (const ChunkInfo& chunk : commit.chunks) use_up(chunk.id);
  for (const auto* puts : {&commit.puts, &commit.carried_puts}) {
    for (const RecordEntry& put : *puts) {
      if (auto done = add_record(put); !done) return done;
    }
  }
  for (const auto* erasures : {&commit.erasures, &commit.carried_erasures}) {
    for (const Erasure& erasure : *erasures) {
      if (auto done = erase_record(erasure); !done) return done;
    }
  }
  for (const auto* creations : {&commit.creations, &commit.carried_creations}) {
    for (const ObjectEntry& object : *creations) add_object(object);
  }
  for (const auto* removals : {&commit.removals, &commit.carried_removals}) {
    for (const Removal& removal : *removals) remove_object(removal.id);
  }
  return {};
}

// What it lacks may be in no record any more: were the id given away again, it would serve another's bytes.
void Rebuilder::add_object(const ObjectEntry& object) {
  for (const Extent& extent : object.extents) use_up(extent.chunk);
  if (!removed_.contains(object.info.id)) change_.put_object(object);
}

void Rebuilder::remove_object(ObjectId id) {
  removed_.insert(id);
  change_.erase_object(id);
}

rt::Status Rebuilder::add_record(const RecordEntry& put) {
  const auto erased = erased_.find(put.key);
  if (erased != erased_.end() && erased->second >= put.revision) return {};
  auto known = change_.record(put.key);
  if (!known) return pass(known);
  if (!*known || (*known)->revision < put.revision) change_.put_record(put);
  return {};
}

rt::Status Rebuilder::erase_record(const Erasure& erasure) {
  Revision& revision = erased_[erasure.key];
  revision = std::max(revision, erasure.revision);
  auto known = change_.record(erasure.key);
  if (!known) return pass(known);
  if (*known && (*known)->revision < erasure.revision) change_.erase_record(erasure.key);
  return {};
}

rt::Status Rebuilder::count_objects() {
  return index_.visit(Table::kObjects, "", Direction::kForward, [this](std::string_view, std::string_view value) {
    const auto object = decode_object(value);
    if (!object) return true;
    ++applied_.objects;
    applied_.logical_bytes += object->info.size_bytes;
    for (const Extent& extent : object->extents) ++references_[extent.chunk];
    return true;
  });
}

rt::Status Rebuilder::settle_chunks() {
  std::vector<ChunkId> ids;
  auto visited = index_.visit(Table::kChunks, "", Direction::kForward, [&](std::string_view, std::string_view value) {
    if (const auto entry = decode_chunk_entry(value)) ids.push_back(entry->info.id);
    return true;
  });
  if (!visited) return visited;
  for (ChunkId id : ids) {
    if (auto settled = settle_chunk(id); !settled) return settled;
    if (auto stepped = step(); !stepped) return stepped;
  }
  for (const auto& [id, references] : references_) {
    damage_(fmt::format("chunk {} is missing, {} extents want it", id, references));
  }
  return {};
}

rt::Status Rebuilder::settle_chunk(ChunkId id) {
  const auto references = references_.find(id);
  if (references == references_.end()) {
    change_.erase_chunk(id);
    return {};
  }
  auto entry = change_.chunk(id);
  if (!entry) return pass(entry);
  (*entry)->count.references = references->second;
  references_.erase(references);
  const ChunkInfo& info = (*entry)->info;
  change_.put_chunk(**entry);
  ++applied_.chunks;
  applied_.stored_bytes += info.summary.length;
  if (auto added = change_.add_to_key(info.key(), id); !added) return added;
  return change_.add_live_bytes(info.place.segment, static_cast<std::int64_t>(info.summary.length));
}

rt::Status Rebuilder::step() { return ++steps_ % kBatchSteps == 0 ? flush() : rt::Status{}; }

rt::Status Rebuilder::flush() { return index_.apply(change_.take_batch()); }

}  // namespace millrace::store
