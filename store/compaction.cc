// What a segment holds is live or not by what the index says now. Records and objects are copied by the committer,
// which checks again: nobody may change them between the look and the copy. A deletion is copied while an older segment
// is left that could hold what it deletes.
#include "store/compaction.h"

#include <algorithm>

#include "store/chunk_buffer.h"
#include "store/segment_walk.h"

namespace millrace::store {
namespace {

constexpr std::uint64_t kMoveBytes = std::uint64_t{8} << 20;
constexpr std::size_t kCarryEntries = 4096;

// Copies one segment's living content in batches, each with its own commit.
class Mover {
 public:
  Mover(Internals& store, Committer& committer, const Segment& segment)
      : store_(store), committer_(committer), segment_(segment) {
    for (const SegmentPtr& other : store.segments.all()) numbers_.push_back(other->number());
  }

  ~Mover() { settle_copies(); }

  rt::Status run() {
    SegmentVisitor visitor;
    visitor.on_chunk = [this](const ChunkInfo& chunk) { return add_chunk(chunk); };
    visitor.on_group = [this](const CommitGroup& group, Place) { return add_group(group); };
    visitor.on_damage = [this](std::string sentence) {
      damaged_ = true;
      store_.damage.report(std::move(sentence));
    };
    auto walked = walk_segment(segment_, kSegmentHeaderBytes, false, visitor);
    if (!walked) return pass(walked);
    if (auto moved = commit_moves(); !moved) return moved;
    return commit_carried();
  }

  bool damaged() const { return damaged_; }

 private:
  struct Move {
    Place from;
    HeldChunkPtr copy;
  };

  rt::Status add_chunk(const ChunkInfo& chunk) {
    auto entry = store_.catalog.chunk(chunk.id);
    if (!entry) return pass(entry);
    if (!*entry || (*entry)->info.place != chunk.place) return {};
    const auto bytes = buffer_.read(store_.segments, chunk);
    if (!bytes || !matches_checksums(*bytes, chunk.summary)) {
      damaged_ = true;
      store_.damage.report(chunk, "the stored bytes do not match their checksums (found while compacting)");
      return {};
    }
    auto copy = std::make_shared<HeldChunk>(store_.table, chunk, HeldChunk::State::kQueued);
    copy->take_charge({rt::Slice::copy_of(*bytes)}, nullptr);
    store_.writer.append(copy);
    moves_.push_back({chunk.place, std::move(copy)});
    move_bytes_ += chunk.summary.length;
    return move_bytes_ < kMoveBytes ? rt::Status{} : commit_moves();
  }

  rt::Status commit_moves() {
    if (moves_.empty()) return {};
    for (const Move& move : moves_) move.copy->located().block_until_set();
    auto done = committer_.run([this](Change& change, Applied&, BuiltCommit& built) -> rt::Status {
      for (const Move& move : moves_) {
        if (move.copy->state() == HeldChunk::State::kFailed) return std::unexpected(move.copy->error());
        auto entry = change.chunk(move.copy->id());
        if (!entry) return pass(entry);
        if (!*entry || (*entry)->info.place != move.from) continue;
        built.commit.moves.push_back(move.copy->info());
        built.chunks.push_back(move.copy);
      }
      return {};
    });
    settle_copies();
    return done;
  }

  // A copy that was not needed after all is no abandoned chunk: a rebuilt index prefers it, so it must stay whole.
  void settle_copies() {
    for (const Move& move : moves_) {
      move.copy->located().block_until_set();
      move.copy->set_committed();
    }
    moves_.clear();
    move_bytes_ = 0;
  }

  rt::Status add_group(const CommitGroup& group) {
    for (const Commit& commit : group.commits) {
      for (const auto* puts : {&commit.puts, &commit.carried_puts}) {
        carried_.carried_puts.insert(carried_.carried_puts.end(), puts->begin(), puts->end());
      }
      for (const auto* objects : {&commit.creations, &commit.carried_creations}) {
        for (const ObjectEntry& object : *objects) {
          entries_ += object.extents.size();
          carried_.carried_creations.push_back(object);
        }
      }
      for (const auto* erasures : {&commit.erasures, &commit.carried_erasures}) {
        for (const Erasure& erasure : *erasures) {
          if (is_needed(erasure.since_segment)) carried_.carried_erasures.push_back(erasure);
        }
      }
      for (const auto* removals : {&commit.removals, &commit.carried_removals}) {
        for (const Removal& removal : *removals) {
          if (is_needed(removal.since_segment)) carried_.carried_removals.push_back(removal);
        }
      }
    }
    entries_ += group.commits.size();
    return entries_ < kCarryEntries ? rt::Status{} : commit_carried();
  }

  // Whether a segment before this one could hold what a deletion deletes.
  bool is_needed(SegmentNumber since) const {
    return std::ranges::any_of(numbers_,
                               [&](SegmentNumber other) { return other >= since && other < segment_.number(); });
  }

  rt::Status commit_carried() {
    entries_ = 0;
    const Commit carried = std::exchange(carried_, {});
    return committer_.run([&carried](Change& change, Applied&, BuiltCommit& built) -> rt::Status {
      for (const RecordEntry& put : carried.carried_puts) {
        auto record = change.record(put.key);
        if (!record) return pass(record);
        if (*record && (*record)->revision == put.revision) built.commit.carried_puts.push_back(put);
      }
      for (const ObjectEntry& object : carried.carried_creations) {
        auto known = change.object(object.info.id);
        if (!known) return pass(known);
        if (*known) built.commit.carried_creations.push_back(object);
      }
      built.commit.carried_erasures = carried.carried_erasures;
      built.commit.carried_removals = carried.carried_removals;
      return {};
    });
  }

  Internals& store_;
  Committer& committer_;
  const Segment& segment_;
  std::vector<SegmentNumber> numbers_;
  ChunkBuffer buffer_;
  std::vector<Move> moves_;
  std::uint64_t move_bytes_ = 0;
  Commit carried_;
  std::size_t entries_ = 0;
  bool damaged_ = false;
};

}  // namespace

rt::Status Compactor::run() {
  auto segment = choose();
  if (!segment) return pass(segment);
  return *segment ? empty(*segment) : rt::Status{};
}

// Less than half of it is live. The newest segment is being written, and what the index might have to replay stays.
rt::Result<SegmentPtr> Compactor::choose() {
  auto synced = committer_.sync_index();
  if (!synced) return pass(synced);
  const SegmentNumber limit = std::min(store_.writer.segment_floor(), synced->segment);
  SegmentPtr sparsest;
  double least = 0.5;
  for (const SegmentPtr& segment : store_.segments.all()) {
    if (segment->number() >= limit || unmovable_.contains(segment->number())) continue;
    auto live = store_.catalog.live_bytes(segment->number());
    auto size = segment->file().size();
    if (!live || !size) continue;
    const double share = static_cast<double>(*live) / static_cast<double>(std::max<std::uint64_t>(*size, 1));
    if (share >= least) continue;
    least = share;
    sparsest = segment;
  }
  return sparsest;
}

rt::Status Compactor::empty(const SegmentPtr& segment) {
  Mover mover(store_, committer_, *segment);
  if (auto moved = mover.run(); !moved) return moved;
  auto live = store_.catalog.live_bytes(segment->number());
  if (!live) return pass(live);
  if (mover.damaged() || *live != 0) {
    unmovable_.insert(segment->number());
    return {};
  }
  return remove(segment->number());
}

rt::Status Compactor::remove(SegmentNumber number) {
  auto done = committer_.run([number](Change& change, Applied&, BuiltCommit&) {
    change.forget_segment(number);
    return rt::Status{};
  });
  if (!done) return done;
  return store_.segments.remove(number);
}

}  // namespace millrace::store
