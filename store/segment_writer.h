// The one thread that writes segments: takes chunks and commit records from a queue and appends them in that order. A
// commit record is reported once it and everything before it is written; syncing is the committer's business.
//
// A full disk fails what was being written and nothing else: the segment is cut back to its last whole record. After a
// failed sync, or when even cutting back fails, nothing is ever written again (kIo) until the store is opened anew.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

#include "store/chunk_table.h"
#include "store/segment_sink.h"
#include "store/segments.h"

namespace millrace::store {

class SegmentWriter {
 public:
  struct Settings {
    StoreId store;
    std::uint64_t segment_bytes = 0;
    std::uint64_t free_space_min_bytes = 0;
    // How long bytes may wait in memory for more to come; a commit never waits. None: until a commit.
    std::optional<std::chrono::milliseconds> linger;
  };

  // Goes on at `end`, which is none or behind the last record of the newest segment.
  SegmentWriter(Segments& segments, Settings settings, Place end);
  // Writes what is queued and trims the segment.
  ~SegmentWriter();

  // Any thread. The chunk's latches tell the outcome.
  void append(HeldChunkPtr chunk);
  // Any thread: bytes lingering in memory are wanted on the disk.
  void flush_soon();
  // Blocks. `needs`: fails with its error when one of these has failed. Returns the place behind the record.
  rt::Result<Place> append_commit(std::string group, const std::vector<HeldChunkPtr>& needs);
  // Blocks until the segment's written bytes are on stable storage.
  rt::Status sync(SegmentNumber segment);

  // The number of the segment that the next record goes to, or of an earlier one.
  SegmentNumber segment_floor() const { return segment_floor_.load(std::memory_order_acquire); }
  bool full() const { return full_.load(std::memory_order_relaxed); }
  std::uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }

 private:
  struct CommitJob;
  struct FlushJob {};
  using Job = std::variant<HeldChunkPtr, CommitJob*, FlushJob>;
  struct Unwritten {
    std::uint64_t end;
    HeldChunkPtr chunk;  // null for a commit
  };

  void push(Job job);
  void run();
  std::optional<Job> next_job(bool& stopping);
  void rest();
  void perform(HeldChunkPtr& chunk);
  void perform(CommitJob*& job);
  void perform(FlushJob&) { (void)flush(); }

  rt::Status append_chunk(const HeldChunkPtr& chunk);
  rt::Status append_group(CommitJob& job);
  rt::Status check_space();
  rt::Status make_room(std::uint64_t record_bytes);
  rt::Status open_segment(SegmentPtr segment, std::uint64_t position);
  rt::Status roll_over();
  void reserve(std::uint64_t end);
  void trim();
  rt::Status flush();
  void settle_written();
  void abandon(const rt::Error& error);
  rt::Status broken() const;
  void break_down(const rt::Error& error);

  Segments& segments_;
  const Settings settings_;
  std::atomic<SegmentNumber> segment_floor_;
  std::atomic<bool> full_{false};
  std::atomic<std::uint64_t> syncs_{0};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;           // guarded by mutex_
  bool stopping_ = false;           // guarded by mutex_
  std::optional<rt::Error> error_;  // guarded by mutex_; set once, for good

  // The thread's own.
  SegmentPtr segment_;
  std::unique_ptr<SegmentSink> sink_;
  std::deque<Unwritten> unwritten_;
  std::uint64_t whole_end_ = 0;     // behind the last record that is in the file
  std::uint64_t reserved_end_ = 0;  // file space allocated up to here
  std::thread thread_;
};

}  // namespace millrace::store
