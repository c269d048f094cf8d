// The table of bodies that are being received for what can expire: any number at once for each, told by the key of its
// record. A body is activity while it runs, and when it ends uncommitted the moment when it ended still is; one that is
// committed is remembered by its record. In memory only. Thread-safe; an Arrival belongs to one loop.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "media/records/clock.h"

namespace millrace::media {

class Arrivals;

// One body on its way. Ends when it is dropped or when its bytes are committed.
class Arrival {
 public:
  Arrival() = default;  // counts nowhere
  Arrival(Arrival&& other) noexcept;
  Arrival& operator=(Arrival&& other) noexcept;
  ~Arrival();

  // So many further bytes came.
  void advance(std::uint64_t bytes) noexcept;
  // They are committed, with the time, and need not be remembered here.
  void committed();

 private:
  friend class Arrivals;
  struct Counts;
  Arrival(Arrivals& table, std::string key, std::shared_ptr<Counts> counts);

  Arrivals* table_ = nullptr;
  std::string key_;
  std::shared_ptr<Counts> counts_;
  std::uint64_t bytes_ = 0;
};

class Arrivals {
 public:
  explicit Arrivals(Clock clock = system_clock_ms) : clock_(clock) {}

  // The table outlives the arrival.
  Arrival begin(std::string key, std::int64_t idle_ms);

  struct Seen {
    std::uint64_t bytes = 0;     // of all bodies that run
    std::int64_t active_ms = 0;  // now while one runs; else when the last ended
  };
  std::optional<Seen> seen(const std::string& key) const;

  // Drops what ended longer ago than it may be idle. Called by a sweep.
  void forget_idle();
  std::size_t size() const;

 private:
  friend class Arrival;
  void end(const Arrival& arrival, bool committed);

  const Clock clock_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Arrival::Counts>, std::less<>> table_;  // guarded by mutex_
};

struct Arrival::Counts {
  std::atomic<std::uint64_t> bytes = 0;
  // Guarded by the table's mutex.
  std::size_t running = 0;
  std::int64_t active_ms = 0;  // 0: nothing to remember
  std::int64_t idle_ms = 0;
};

}  // namespace millrace::media
