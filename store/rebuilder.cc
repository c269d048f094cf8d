// References are counted last, when every object that is there is known.
#include "store/rebuilder.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/codec.h"
#include "store/segment_scanner.h"

namespace millrace::store {
namespace {

constexpr std::size_t kBatchSteps = 1024;

}  // namespace

Rebuilder::Rebuilder(Index& index, const Segments& segments, const Tell& damage, const Former& former)
    : index_(index), change_(index), segments_(segments), damage_(damage), former_(former) {}

rt::Status Rebuilder::add_chunk(const ChunkInfo& chunk) {
  change_.put_chunk({chunk, {}});
  use_up(chunk.id);
  return step();
}

rt::Status Rebuilder::add_group(const CommitGroup& group) {
  for (const Commit& commit : group.commits) {
    watch_.expect(commit.sequence, damage_);
    if (auto added = add_commit(commit); !added) return added;
  }
  return step();
}

rt::Result<Applied> Rebuilder::finish(Place end) {
  rt::Status done = take_over_former();
  if (done) done = flush();
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

void Rebuilder::tell_findings(Findings& findings) const {
  if (former_.applied.sequence > last_commit_) {
    findings.losses.push_back(fmt::format("commits {} to {} are lost", last_commit_ + 1, former_.applied.sequence));
  }
  if (kept_objects_ + kept_records_ > 0) {
    findings.notes.push_back(fmt::format("{} objects and {} records are kept from the old index: no commit names them",
                                         kept_objects_, kept_records_));
  }
  if (kept_chunks_ > 0) findings.notes.push_back(fmt::format("{} chunks are kept without a record", kept_chunks_));
}

// The segments are the truth; but where they are damaged the former index is the only one that still knows. A sequence
// number or id that it has seen is never given again.
rt::Status Rebuilder::take_over_former() {
  applied_.sequence = std::max(applied_.sequence, former_.applied.sequence);
  applied_.next_chunk_id = std::max(applied_.next_chunk_id, former_.applied.next_chunk_id);
  for (const ObjectEntry& object : former_.objects) {
    auto known = change_.object(object.info.id);
    if (!known) return pass(known);
    if (*known || removed_.contains(object.info.id)) continue;
    add_object(object);
    ++kept_objects_;
    if (auto stepped = step(); !stepped) return stepped;
  }
  for (const RecordEntry& record : former_.records) {
    auto known = change_.record(record.key);
    if (!known) return pass(known);
    if (*known && (*known)->revision >= record.revision) continue;
    const auto erased = erased_.find(record.key);
    if (erased != erased_.end() && erased->second >= record.revision) continue;
    change_.put_record(record);
    ++kept_records_;
    if (auto stepped = step(); !stepped) return stepped;
  }
  return {};
}

void Rebuilder::use_up(ChunkId id) { applied_.next_chunk_id = std::max(applied_.next_chunk_id, id + 1); }

// Should the chunk's own record be damaged, this is what finds its bytes.
rt::Status Rebuilder::describe(const ChunkInfo& chunk) {
  use_up(chunk.id);
  auto known = change_.chunk(chunk.id);
  if (!known) return pass(known);
  if (*known && (*known)->info.place == chunk.place) {
    described_.erase(chunk.id);
  } else {
    described_.insert_or_assign(chunk.id, chunk);
  }
  return {};
}

rt::Status Rebuilder::add_commit(const Commit& commit) {
  applied_.sequence = std::max(applied_.sequence, commit.sequence);
  last_commit_ = std::max(last_commit_, commit.sequence);
  for (const auto* chunks : {&commit.chunks, &commit.moves}) {
    for (const ChunkInfo& chunk : *chunks) {
      if (auto done = describe(chunk); !done) return done;
    }
  }
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
  std::vector<ChunkInfo> recorded;
  auto visited = index_.visit(Table::kChunks, "", Direction::kForward, [&](std::string_view, std::string_view value) {
    if (auto entry = decode_chunk_entry(value)) recorded.push_back(std::move(entry->info));
    return true;
  });
  if (!visited) return visited;
  for (const ChunkInfo& info : recorded) {
    if (auto settled = settle_chunk(info); !settled) return settled;
    if (auto stepped = step(); !stepped) return stepped;
  }
  for (const auto& [id, references] : references_) {
    auto found = find_unrecorded(id, references);
    if (!found) return pass(found);
    if (!*found) damage_(fmt::format("chunk {} is missing, {} extents want it", id, references));
    if (auto stepped = step(); !stepped) return stepped;
  }
  return {};
}

rt::Status Rebuilder::settle_chunk(const ChunkInfo& info) {
  const auto references = references_.extract(info.id);
  if (!references.empty()) return put_live(info, references.mapped());
  change_.erase_chunk(info.id);
  change_.put_dead({info.place, info.summary.length});
  return {};
}

rt::Status Rebuilder::put_live(const ChunkInfo& info, std::uint64_t references) {
  change_.put_chunk({info, {references, 0}});
  ++applied_.chunks;
  applied_.stored_bytes += info.summary.length;
  if (auto added = change_.add_to_key(info.key(), info.id); !added) return added;
  return change_.add_live_bytes(info.place.segment, static_cast<std::int64_t>(info.summary.length));
}

// A chunk whose record cannot be read may lie where a commit or the former index says, whole.
rt::Result<bool> Rebuilder::find_unrecorded(ChunkId id, std::uint64_t references) {
  for (const auto* known : {&std::as_const(described_), &former_.chunks}) {
    const auto found = known->find(id);
    if (found == known->end()) continue;
    auto there = is_there(found->second);
    if (!there) return there;
    if (!*there) continue;
    ++kept_chunks_;
    if (auto put = put_live(found->second, references); !put) return pass(put);
    return true;
  }
  return false;
}

rt::Result<bool> Rebuilder::is_there(const ChunkInfo& info) const {
  const SegmentPtr segment = segments_.find(info.place.segment);
  if (!segment) return false;
  return payload_intact(segment->file(), info.place.offset, info.summary);
}

rt::Status Rebuilder::step() { return ++steps_ % kBatchSteps == 0 ? flush() : rt::Status{}; }

rt::Status Rebuilder::flush() { return index_.apply(change_.take_batch()); }

}  // namespace millrace::store
