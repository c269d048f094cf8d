// The housekeeping thread: reclaims chunks that nobody references, compacts sparse segments, scrubs what is stored, and
// makes the index durable now and then so that a restart has little to replay. A round that fails is tried again later;
// nothing depends on it but disk space.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/compaction.h"
#include "store/reclaim.h"
#include "store/scrub.h"

namespace millrace::store {

class Keeper {
 public:
  Keeper(Internals& store, Committer& committer, std::function<std::int64_t()> now, bool runs);
  ~Keeper();

  // One round, on the calling thread. Tests call them with the thread off.
  rt::Status reclaim() { return reclaimer_.run(); }
  rt::Status compact() { return compactor_.run(); }
  rt::Status scrub(std::uint64_t bytes) { return scrubber_.run(bytes); }

 private:
  void run();
  bool sleep(std::chrono::milliseconds delay);

  Internals& store_;
  Committer& committer_;
  Reclaimer reclaimer_;
  Compactor compactor_;
  Scrubber scrubber_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace millrace::store
