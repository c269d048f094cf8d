// The housekeeping thread: reclaims chunks that nobody references, compacts sparse segments, scrubs what is stored, and
// now and then makes the index durable so that a restart has little to replay. One job at a time, each in small steps.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/committer.h"
#include "store/internals.h"

namespace millrace::store {

// Where the reclaimer may give space back.
struct DeadRun {
  Place place;
  std::uint64_t length = 0;
};

class Keeper {
 public:
  Keeper(Internals& store, Committer& committer, std::function<std::int64_t()> now, bool runs);
  ~Keeper();

  // One round of each, on the calling thread; what the thread does in turn. Tests call them, with the thread off.
  rt::Status reclaim();
  rt::Status compact();
  rt::Status scrub(std::uint64_t bytes);

  // Any thread: bytes that were written and are not part of the store.
  void abandon(DeadRun run);

 private:
  struct State;
  void run();
  bool sleep(std::chrono::milliseconds delay);

  Internals& store_;
  Committer& committer_;
  const std::function<std::int64_t()> now_;
  std::unique_ptr<State> state_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace millrace::store
