// The one thread that changes the index. It drains the queued transactions into one commit record, has it written and
// synced, then applies it to the index, then wakes everyone: bytes before names, one sync for many. Being the only
// writer, it counts references by reading and writing them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "store/apply.h"
#include "store/commit_builder.h"
#include "store/segment_writer.h"
#include "store/stamps.h"

namespace millrace::store {

class Committer {
 public:
  struct Settings {
    std::int64_t reclaim_delay_seconds = 0;
    std::function<std::int64_t()> now;  // Unix seconds
  };
  using Done = std::function<void(rt::Result<Revision>)>;
  // Puts what should happen into the commit (it will be written to a segment, with the chunks it needs) or into the
  // change (index alone). May be called again, when the group it was in has failed.
  using Work = std::function<rt::Status(Change&, Applied&, BuiltCommit&)>;

  Committer(Index& index, SegmentWriter& writer, ChunkTable& table, Stamps& stamps, Applied applied, Settings settings);
  // Performs what is queued, then commits once more, nothing: that commit proves the others durable.
  ~Committer();

  // Any thread; `done` is called on the committer's. The chunks of its drafts have settled.
  void commit(Transaction transaction, Done done);
  // Any thread but the committer's; blocks until the work is applied and, if it wrote a commit, durable.
  rt::Status run(Work work);
  // Makes the index survive a power cut up to here, and says where that is: below it nothing will be replayed.
  rt::Result<Place> sync_index();

  // Below this place every record is durable, and a durable commit record says so: what is overwritten there cannot be
  // taken for a torn write.
  Place proven_below() const;

  Applied applied() const;
  std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }

 private:
  struct Asked {
    Transaction transaction;
    Done done;
  };
  struct Chore {
    Work work;
    Done done;
  };
  using Job = std::variant<Asked, Chore>;
  struct Group;

  void push(Job job);
  void loop();
  void perform(std::vector<Job> jobs);
  rt::Status perform_group(Group& group);
  rt::Status add(Group& group, Job& job, std::size_t position);
  rt::Status add_commit(Group& group, Commit commit);
  rt::Status write(Group& group);
  rt::Status settle(Group& group);
  void seal();

  Index& index_;
  SegmentWriter& writer_;
  ChunkTable& table_;
  Stamps& stamps_;
  const Settings settings_;
  std::atomic<std::uint64_t> commits_{0};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> queue_;  // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  Applied applied_;         // guarded by mutex_, written by the thread
  Place proven_below_;      // guarded by mutex_, written by the thread

  // The thread's own.
  Place durable_below_;
  rt::Status index_state_;  // an error once the index refused a batch, for good
  std::thread thread_;
};

}  // namespace millrace::store
