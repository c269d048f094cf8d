// Replay applies commits as they were applied at first. Rebuilding cannot: segments may have gone and what they held
// was carried into newer ones, so it goes by revisions (the highest wins, a deletion counts) and recounts all
// references.
#include "store/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "store/codec.h"
#include "store/segment_walk.h"

namespace millrace::store {
namespace {

constexpr std::size_t kBatchSteps = 1024;
constexpr std::size_t kLossesNamed = 100;

struct ObjectIdHash {
  std::size_t operator()(const ObjectId& id) const { return id.high ^ id.low; }
};

// What a killed process left may be in the page cache alone: durable first, then the index may speak of it.
rt::Status make_durable(const Segments& segments) {
  const auto all = segments.all();
  if (all.empty()) return {};
  if (auto named = segments.disk().sync_directory(segments.directory()); !named) return named;
  return all.back()->file().sync();
}

rt::Status settle(const Recovery& recovery, const Segment& newest, std::uint64_t end) {
  auto torn = settle_end(recovery.segments, newest, end, recovery.on_torn_end);
  if (!torn) return pass(torn);
  if (!*torn) return {};
  auto& sentences = (*torn)->holds_commit ? recovery.findings.losses : recovery.findings.notes;
  sentences.push_back(std::move((*torn)->sentence));
  return {};
}

rt::Error misfit(const std::string& what) {
  return {rt::Code::kDamaged, what + "; run millrace check --repair to rebuild the index from the segments"};
}

class Rebuilder {
 public:
  Rebuilder(Index& index, const Tell& damage, const Former& former)
      : index_(index), change_(index), damage_(damage), former_(former) {}

  // Compaction removes segments with their commits; from one to its neighbour none may be missing.
  void enter(SegmentNumber segment) {
    if (segment != segment_ + 1) next_sequence_ = 0;
    segment_ = segment;
  }

  rt::Status add_chunk(const ChunkInfo& chunk) {
    change_.put_chunk({chunk, {}});
    use_up(chunk.id);
    return step();
  }

  rt::Status add_group(const CommitGroup& group) {
    for (const Commit& commit : group.commits) {
      expect(commit.sequence);
      if (auto added = add_commit(commit); !added) return added;
    }
    return step();
  }

  rt::Result<Applied> finish(Place end) {
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

  // What the former index knew and no segment tells any more.
  rt::Status find_losses(std::vector<std::string>& losses) const {
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

 private:
  void expect(std::uint64_t sequence) {
    if (next_sequence_ != 0 && sequence > next_sequence_) {
      damage_(fmt::format("commits {} to {} are missing in {}", next_sequence_, sequence - 1, segment_name(segment_)));
    }
    next_sequence_ = sequence + 1;
  }

  void use_up(ChunkId id) { applied_.next_chunk_id = std::max(applied_.next_chunk_id, id + 1); }

  rt::Status add_commit(const Commit& commit) {
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
      for (const Removal& removal : *removals) {
        removed_.insert(removal.id);
        change_.erase_object(removal.id);
      }
    }
    return {};
  }

  // What it lacks may be in no record any more: were the id given away again, it would serve another's bytes.
  void add_object(const ObjectEntry& object) {
    for (const Extent& extent : object.extents) use_up(extent.chunk);
    if (!removed_.contains(object.info.id)) change_.put_object(object);
  }

  rt::Status add_record(const RecordEntry& put) {
    const auto erased = erased_.find(put.key);
    if (erased != erased_.end() && erased->second >= put.revision) return {};
    auto known = change_.record(put.key);
    if (!known) return pass(known);
    if (!*known || (*known)->revision < put.revision) change_.put_record(put);
    return {};
  }

  rt::Status erase_record(const Erasure& erasure) {
    Revision& revision = erased_[erasure.key];
    revision = std::max(revision, erasure.revision);
    auto known = change_.record(erasure.key);
    if (!known) return pass(known);
    if (*known && (*known)->revision < erasure.revision) change_.erase_record(erasure.key);
    return {};
  }

  rt::Status count_objects() {
    return index_.visit(Table::kObjects, "", Direction::kForward, [this](std::string_view, std::string_view value) {
      const auto object = decode_object(value);
      if (!object) return true;
      ++applied_.objects;
      applied_.logical_bytes += object->info.size_bytes;
      for (const Extent& extent : object->extents) ++references_[extent.chunk];
      return true;
    });
  }

  rt::Status settle_chunks() {
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

  rt::Status settle_chunk(ChunkId id) {
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

  rt::Status step() { return ++steps_ % kBatchSteps == 0 ? flush() : rt::Status{}; }
  rt::Status flush() { return index_.apply(change_.take_batch()); }

  Index& index_;
  Change change_;
  const Tell& damage_;
  const Former& former_;
  Applied applied_;
  SegmentNumber segment_ = 0;
  std::uint64_t next_sequence_ = 1;  // 0: any
  std::size_t steps_ = 0;
  std::unordered_map<std::string, Revision> erased_;
  std::unordered_set<ObjectId, ObjectIdHash> removed_;
  std::unordered_map<ChunkId, std::uint64_t> references_;
};

}  // namespace

Former former_of(const Index& index) {
  const auto applied = Catalog(index).applied();
  if (!applied || !*applied) return {};
  Former former{**applied, {}};
  (void)index.visit(Table::kObjects, "", Direction::kForward, [&former](std::string_view, std::string_view value) {
    if (const auto object = decode_object(value)) former.objects.push_back(object->info.id);
    return true;
  });
  return former;
}

rt::Result<Recovered> replay(const Recovery& recovery, Applied applied, ApplyTime time) {
  Segments& segments = recovery.segments;
  Index& index = recovery.index;
  Recovered recovered{applied, applied.end};
  Applied& now = recovered.applied;
  SegmentVisitor visitor;
  visitor.on_damage = recovery.damage;
  visitor.on_chunk = [&now](const ChunkInfo& chunk) {
    now.next_chunk_id = std::max(now.next_chunk_id, chunk.id + 1);
    return rt::Status{};
  };
  visitor.on_group = [&](const CommitGroup& group, Place end) -> rt::Status {
    Change change(index);
    for (const Commit& commit : group.commits) {
      if (commit.sequence != now.sequence + 1) {
        return std::unexpected(misfit(fmt::format("commit {} follows {}", commit.sequence, now.sequence)));
      }
      if (auto done = apply_commit(commit, change, now, time); !done) {
        return std::unexpected(misfit(done.error().message));
      }
    }
    now.end = end;
    change.put_applied(now);
    return index.apply(change.take_batch());
  };

  if (auto durable = make_durable(segments); !durable) return pass(durable);
  const SegmentPtr end_segment = segments.newest();
  if (applied.end.segment != 0 && !segments.find(applied.end.segment)) {
    return std::unexpected(misfit(fmt::format("{} is missing", segment_name(applied.end.segment))));
  }
  for (const SegmentPtr& segment : segments.all()) {
    if (segment->number() < applied.end.segment) continue;
    const std::uint64_t start =
        segment->number() == applied.end.segment ? applied.end.offset : std::uint64_t{kSegmentHeaderBytes};
    auto size = segment->file().size();
    if (!size) return pass(size);
    if (*size < start) {
      return std::unexpected(misfit(fmt::format("{} is shorter than the index says", segment_name(segment->number()))));
    }
    const bool newest = segment == end_segment;
    auto end = walk_segment(*segment, start, {newest, applied.end}, visitor);
    if (!end) return pass(end);
    recovered.end = {segment->number(), *end};
    if (!newest) continue;
    if (auto settled = settle(recovery, *segment, *end); !settled) return pass(settled);
  }
  if (!end_segment) recovered.end = {};
  return recovered;
}

rt::Result<Recovered> rebuild(const Recovery& recovery, const Former& former) {
  Segments& segments = recovery.segments;
  Rebuilder rebuilder(recovery.index, recovery.damage, former);
  SegmentVisitor visitor;
  visitor.on_damage = recovery.damage;
  visitor.on_chunk = [&](const ChunkInfo& chunk) { return rebuilder.add_chunk(chunk); };
  visitor.on_group = [&](const CommitGroup& group, Place) { return rebuilder.add_group(group); };
  Place last;
  if (auto durable = make_durable(segments); !durable) return pass(durable);
  const SegmentPtr end_segment = segments.newest();
  for (const SegmentPtr& segment : segments.all()) {
    const bool newest = segment == end_segment;
    rebuilder.enter(segment->number());
    auto end = walk_segment(*segment, kSegmentHeaderBytes, {newest, former.applied.end}, visitor);
    if (!end) return pass(end);
    last = {segment->number(), *end};
    if (!newest) continue;
    if (auto settled = settle(recovery, *segment, *end); !settled) return pass(settled);
  }
  auto applied = rebuilder.finish(last);
  if (!applied) return pass(applied);
  if (auto found = rebuilder.find_losses(recovery.findings.losses); !found) return pass(found);
  return Recovered{*applied, end_segment ? last : Place{}};
}

}  // namespace millrace::store
