// A group is built on a Change: each transaction sees what the earlier ones of its group do. When the group as a whole
// fails, its members are tried one by one, so that nobody fails for somebody else's reason.
#include "store/committer.h"

#include <algorithm>
#include <semaphore>

#include "store/codec.h"

namespace millrace::store {
namespace {

constexpr std::size_t kGroupJobsMax = 512;

void move_stamps(Stamps& stamps, const Commit& commit) {
  for (const RecordEntry& put : commit.puts) stamps.move(put.key);
  for (const Erasure& erasure : commit.erasures) stamps.move(erasure.key);
  for (const Removal& removal : commit.removals) stamps.move(index_key(removal.id));
}

}  // namespace

struct Committer::Group {
  std::vector<Job>& jobs;
  Change change;
  Applied applied;
  CommitGroup record;
  std::vector<HeldChunkPtr> chunks;
  std::vector<rt::Result<Revision>> results;
};

Committer::Committer(Index& index, SegmentWriter& writer, ChunkTable& table, Stamps& stamps, Applied applied,
                     Settings settings)
    : index_(index),
      writer_(writer),
      table_(table),
      stamps_(stamps),
      settings_(std::move(settings)),
      applied_(applied),
      // Sealed segments are proven by the newer one.
      proven_below_{applied.end.segment, 0},
      durable_below_(applied.end) {
  thread_ = std::thread([this] { loop(); });
}

Committer::~Committer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Committer::push(Job job) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Committer::commit(Transaction transaction, Done done) { push(Asked{std::move(transaction), std::move(done)}); }

rt::Status Committer::run(Work work) {
  rt::Status status;
  std::binary_semaphore finished{0};
  push(Chore{std::move(work), [&](rt::Result<Revision> result) {
               if (!result) status = pass(result);
               finished.release();
             }});
  finished.acquire();
  return status;
}

rt::Result<Place> Committer::sync_index() {
  const Place end = applied().end;
  if (auto synced = index_.sync(); !synced) return pass(synced);
  return end;
}

Applied Committer::applied() const {
  std::lock_guard lock(mutex_);
  return applied_;
}

Place Committer::proven_below() const {
  std::lock_guard lock(mutex_);
  return proven_below_;
}

void Committer::loop() {
  for (;;) {
    std::vector<Job> jobs;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) break;
      const std::size_t count = std::min(queue_.size(), kGroupJobsMax);
      std::move(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count), std::back_inserter(jobs));
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    perform(std::move(jobs));
  }
  seal();
}

void Committer::perform(std::vector<Job> jobs) {
  Group group{jobs, Change(index_), applied(), {}, {}, {}};
  const rt::Status done = perform_group(group);
  if (!done && jobs.size() > 1) {
    for (Job& job : jobs) {
      std::vector<Job> alone;
      alone.push_back(std::move(job));
      perform(std::move(alone));
    }
    return;
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const bool refused = i < group.results.size() && !group.results[i];
    rt::Result<Revision> result = done || refused ? std::move(group.results[i]) : std::unexpected(done.error());
    std::visit([&](auto& job) { job.done(std::move(result)); }, jobs[i]);
  }
}

rt::Status Committer::perform_group(Group& group) {
  if (!index_state_) return index_state_;
  for (std::size_t i = 0; i < group.jobs.size(); ++i) {
    if (auto added = add(group, group.jobs[i], i); !added) return added;
  }
  return settle(group);
}

rt::Status Committer::settle(Group& group) {
  if (auto written = write(group); !written) return written;
  if (group.change.empty() && group.record.commits.empty()) return {};
  group.applied.next_chunk_id = table_.next_id();
  group.change.put_applied(group.applied);
  index_state_ = index_.apply(group.change.take_batch());
  if (!index_state_) return index_state_;
  {
    std::lock_guard lock(mutex_);
    applied_ = group.applied;
  }
  for (const Commit& commit : group.record.commits) move_stamps(stamps_, commit);
  for (const HeldChunkPtr& chunk : group.chunks) chunk->set_committed();
  return {};
}

// Best effort: without it the index alone tells damage in the last group from a torn write.
void Committer::seal() {
  if (!index_state_ || commits() == 0) return;
  std::vector<Job> none;
  Group group{none, Change(index_), applied(), {}, {}, {}};
  group.record.commits.emplace_back().sequence = ++group.applied.sequence;
  (void)settle(group);
}

// A refused transaction is a result; an error here ends the whole group.
rt::Status Committer::add(Group& group, Job& job, std::size_t position) {
  group.results.resize(position + 1, group.applied.sequence);
  if (auto* chore = std::get_if<Chore>(&job)) {
    BuiltCommit made;
    if (auto worked = chore->work(group.change, group.applied, made); !worked) return worked;
    std::ranges::move(made.chunks, std::back_inserter(group.chunks));
    return add_commit(group, std::move(made.commit));
  }
  auto built =
      build_commit(std::get<Asked>(job).transaction, group.change, group.applied.sequence + 1, writer_.segment_floor());
  if (!built) {
    group.results[position] = pass(built);
    return {};
  }
  std::ranges::move(built->chunks, std::back_inserter(group.chunks));
  if (auto added = add_commit(group, std::move(built->commit)); !added) return added;
  group.results[position] = group.applied.sequence;
  return {};
}

rt::Status Committer::add_commit(Group& group, Commit commit) {
  if (is_empty(commit)) return {};
  commit.sequence = group.applied.sequence + 1;
  const ApplyTime time{settings_.now(), settings_.reclaim_delay_seconds};
  if (auto applied = apply_commit(commit, group.change, group.applied, time); !applied) return applied;
  group.record.commits.push_back(std::move(commit));
  return {};
}

rt::Status Committer::write(Group& group) {
  if (group.record.commits.empty()) return {};
  group.record.durable_below = durable_below_;
  auto end = writer_.append_commit(encode(group.record), group.chunks);
  if (!end) return pass(end);
  if (auto synced = writer_.sync(end->segment); !synced) return synced;
  {
    std::lock_guard lock(mutex_);
    proven_below_ = durable_below_;
  }
  group.applied.end = *end;
  durable_below_ = *end;
  commits_.fetch_add(group.record.commits.size(), std::memory_order_relaxed);
  return {};
}

}  // namespace millrace::store
