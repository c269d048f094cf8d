// The table of running transfers: at most one per upload. A newer one evicts the older: tells it to stop, and waits
// until it has kept its bytes. Also where the progress of a running transfer is seen. Thread-safe; a Transfer's
// callback runs on the loop that began it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/rt/error.h"
#include "server/rt/event.h"
#include "server/rt/task.h"

namespace millrace::media {

struct Transfer {
  std::string key;  // of the upload's record
  std::atomic<std::uint64_t> position = 0;
  std::atomic<bool> evicted = false;

  rt::Loop* loop = nullptr;
  std::function<void()> on_evicted;  // loop's thread only

  struct Waiter {
    rt::Loop* loop;
    std::shared_ptr<rt::Event> gone;
  };
  std::vector<Waiter> waiters;  // guarded by the table's mutex
};

class Transfers {
 public:
  // Evicts what runs for this upload. kConflict when that does not end within the deadline.
  rt::Task<rt::Result<std::shared_ptr<Transfer>>> begin(std::string key, std::function<void()> on_evicted,
                                                        std::int64_t deadline_ms);
  // Evicts, and begins nothing.
  rt::Task<rt::Status> settle(std::string key, std::int64_t deadline_ms);
  // Tells a running transfer to stop, without waiting.
  void evict(const std::string& key);
  // On the transfer's loop.
  void end(const std::shared_ptr<Transfer>& transfer);
  // Nothing when none runs.
  std::optional<std::uint64_t> position(const std::string& key) const;

 private:
  std::shared_ptr<Transfer> find(const std::string& key) const;
  std::shared_ptr<Transfer> begin_or_find(const std::shared_ptr<Transfer>& fresh);
  rt::Task<bool> wait_gone(std::shared_ptr<Transfer> transfer, std::int64_t wait_ms);

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Transfer>, std::less<>> running_;  // guarded by mutex_
};

}  // namespace millrace::media
