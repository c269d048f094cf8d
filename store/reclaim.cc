// A chunk without references is chosen, then everyone who was looking something up at that moment is waited for (a
// later reader can reach it only through a new reference), then the committer forgets it if nobody reads or holds it
// and it still has no reference. Batches go round the garbage, so that what a slow reader keeps is in nobody's way.
#include "store/reclaim.h"

#include <algorithm>
#include <unordered_set>

#include "store/apply.h"
#include "store/segment_format.h"

namespace millrace::store {
namespace {

constexpr std::size_t kBatchChunks = 1024;

}  // namespace

rt::Status Reclaimer::run() {
  rt::Status done = load_dead();
  if (done) done = choose();
  if (done) done = forget();
  if (done) done = punch();
  return done;
}

rt::Status Reclaimer::choose() {
  if (doomed_) return {};
  const std::int64_t now = now_();
  std::vector<ChunkId> ids;
  std::string behind;
  auto visited = store_.catalog.index().visit(Table::kGarbage, behind_, Direction::kForward,
                                              [&](std::string_view key, std::string_view) {
                                                std::int64_t deletable_at = 0;
                                                const auto id = chunk_of_garbage_key(key, deletable_at);
                                                if (!id || deletable_at > now) return false;
                                                ids.push_back(*id);
                                                if (ids.size() < kBatchChunks) return true;
                                                behind.assign(key).push_back('\0');
                                                return false;
                                              });
  behind_ = std::move(behind);
  if (!visited || ids.empty()) return visited;
  doomed_ = Doomed{store_.epochs.end_epoch(), std::move(ids)};
  return {};
}

std::optional<std::vector<ChunkId>> Reclaimer::unread() const {
  const auto objects = store_.epochs.objects_read(doomed_->epoch);
  if (!objects) return std::nullopt;
  std::unordered_set<ChunkId> left(doomed_->ids.begin(), doomed_->ids.end());
  for (const auto& object : *objects) {
    for (const Extent& extent : object->extents) left.erase(extent.chunk);
  }
  std::vector<ChunkId> ids = doomed_->ids;
  std::erase_if(ids, [&left](ChunkId id) { return !left.contains(id); });
  return ids;
}

rt::Status Reclaimer::forget() {
  if (!doomed_) return {};
  const auto ids = unread();
  if (!ids) return {};
  std::vector<ChunkId> condemned;
  std::vector<DeadRun> dead;
  const std::int64_t now = now_();
  auto done = committer_.run([&](Change& change, Applied& applied, BuiltCommit&) -> rt::Status {
    dead.clear();
    for (ChunkId id : *ids) {
      auto entry = change.chunk(id);
      if (!entry) return pass(entry);
      if (!*entry || (*entry)->count.life(now) != RefCount::Life::kDeletable || !store_.table.condemn(id)) continue;
      condemned.push_back(id);
      dead.push_back({(*entry)->info.place, (*entry)->info.summary.length});
      change.put_dead(dead.back());
      if (auto forgotten = forget_chunk(**entry, change, applied); !forgotten) return forgotten;
    }
    return {};
  });
  store_.table.absolve(condemned);
  doomed_.reset();
  if (done) dead_.insert(dead_.end(), dead.begin(), dead.end());
  return done;
}

rt::Status Reclaimer::load_dead() {
  if (loaded_) return {};
  auto left = store_.catalog.dead_runs();
  if (!left) return pass(left);
  dead_ = std::move(*left);
  loaded_ = true;
  return {};
}

// Only below what recovery never looks at again: the index has to remember that the chunks are gone, and a rebuilt
// index must not take a hole for the torn end of the segment.
rt::Status Reclaimer::punch() {
  for (const DeadRun& run : store_.table.take_abandoned()) abandoned_.push_back(run);
  if (dead_.empty() && abandoned_.empty()) return {};
  auto synced = committer_.sync_index();
  if (!synced) return pass(synced);
  const Place limit = std::min(*synced, committer_.proven_below());
  const auto is_due = [limit](const DeadRun& run) {
    return Place{run.place.segment, run.place.offset + run.length} <= limit;
  };
  for (std::vector<DeadRun>* runs : {&dead_, &abandoned_}) {
    for (const DeadRun& run : *runs) {
      if (!is_due(run)) continue;
      if (auto punched = punch(run); !punched) return punched;
    }
  }
  std::erase_if(abandoned_, is_due);
  if (std::ranges::none_of(dead_, is_due)) return {};
  const auto done = committer_.run([&](Change& change, Applied&, BuiltCommit&) -> rt::Status {
    for (const DeadRun& run : dead_) {
      if (is_due(run)) change.erase_dead(run);
    }
    return {};
  });
  if (done) std::erase_if(dead_, is_due);
  return done;
}

rt::Status Reclaimer::punch(const DeadRun& run) const {
  const std::uint64_t first = align_up(run.place.offset, kDiskBlockBytes);
  const std::uint64_t last = (run.place.offset + run.length) / kDiskBlockBytes * kDiskBlockBytes;
  const SegmentPtr segment = store_.segments.find(run.place.segment);
  if (!segment || first >= last) return {};
  return segment->file().punch(first, last - first);
}

}  // namespace millrace::store
