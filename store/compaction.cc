// What a segment holds is live or not by what the index says now. Records and objects are copied by the committer,
// which checks: nobody may change them between the look and the copy.
#include "store/compaction.h"

#include <algorithm>

#include "store/carry.h"
#include "store/chunk_buffer.h"
#include "store/segment_walk.h"
#include "store/survey.h"

namespace millrace::store {
namespace {

constexpr std::uint64_t kMoveBytes = std::uint64_t{8} << 20;
constexpr std::size_t kCarryEntries = 4096;
constexpr double kWorthShare = 0.5;

double share_of(const Segment& segment, std::uint64_t live_bytes) {
  auto size = segment.file().size();
  if (!size) return 1;
  return static_cast<double>(live_bytes) / static_cast<double>(std::max<std::uint64_t>(*size, 1));
}

// Copies one segment's living content in batches, each with its own commit.
class Mover {
 public:
  Mover(Internals& store, Committer& committer, const Segment& segment)
      : store_(store), committer_(committer), segment_(segment), gatherer_(store.segments, segment.number()) {}

  ~Mover() { settle_copies(); }

  rt::Status run() {
    SegmentVisitor visitor;
    visitor.on_chunk = [this](const ChunkInfo& chunk) { return add_chunk(chunk); };
    visitor.on_group = [this](const CommitGroup& group, Place) { return add_group(group); };
    visitor.on_damage = [this](std::string sentence) {
      damaged_ = true;
      store_.damage.report(std::move(sentence));
    };
    auto walked = walk_segment(segment_, kSegmentHeaderBytes, {}, visitor);
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
    gatherer_.add(group);
    return gatherer_.entries() < kCarryEntries ? rt::Status{} : commit_carried();
  }

  rt::Status commit_carried() {
    const Commit gathered = gatherer_.take();
    return committer_.run(
        [&gathered](Change& change, Applied&, BuiltCommit& built) { return carry(gathered, change, built.commit); });
  }

  Internals& store_;
  Committer& committer_;
  const Segment& segment_;
  Gatherer gatherer_;
  ChunkBuffer buffer_;
  std::vector<Move> moves_;
  std::uint64_t move_bytes_ = 0;
  bool damaged_ = false;
};

}  // namespace

rt::Status Compactor::run() {
  auto segment = choose();
  if (!segment) return pass(segment);
  if (!*segment) return {};
  auto worth = is_worth_it(**segment);
  if (!worth) return pass(worth);
  return *worth ? empty(*segment) : rt::Status{};
}

// The newest segment is being written, and what the index might have to replay stays.
rt::Result<SegmentPtr> Compactor::choose() {
  auto synced = committer_.sync_index();
  if (!synced) return pass(synced);
  const SegmentNumber limit = std::min(store_.writer.segment_floor(), synced->segment);
  SegmentPtr sparsest;
  double least = kWorthShare;
  for (const SegmentPtr& segment : store_.segments.all()) {
    if (segment->number() >= limit || unmovable_.contains(segment->number()) || is_known_full(segment->number())) {
      continue;
    }
    auto live = store_.catalog.live_bytes(segment->number());
    if (!live) continue;
    const double share = share_of(*segment, *live);
    if (share >= least) continue;
    least = share;
    sparsest = segment;
  }
  return sparsest;
}

// The index counts live payload only. Where other things fill a segment, emptying it would make one just like it.
rt::Result<bool> Compactor::is_worth_it(const Segment& segment) {
  auto kept = bytes_to_keep(store_, segment);
  if (!kept) return pass(kept);
  if (share_of(segment, *kept) < kWorthShare) return true;
  full_[segment.number()] = store_.writer.segment_floor();
  return false;
}

// Until as many segments have been filled as are full: looking through them again reads no more than was written.
bool Compactor::is_known_full(SegmentNumber number) const {
  const auto full = full_.find(number);
  return full != full_.end() && store_.writer.segment_floor() - full->second < full_.size();
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
  full_.erase(number);
  return store_.segments.remove(number);
}

}  // namespace millrace::store
