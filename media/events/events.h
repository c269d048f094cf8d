// Events: the log of what happened, in order, for each tenant, and who follows it. Positions in a log count up by one,
// so whoever comes back with a position sees whether something was forgotten meanwhile. Any loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "media/events/event.h"
#include "media/records/clock.h"
#include "server/rt/error.h"
#include "server/rt/event.h"
#include "server/rt/loop.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// Of a tenant, however young they are.
inline constexpr std::uint64_t kEventsKeptMax = 1'000'000;

// The position of the tenant's newest event; 0: there was none yet.
rt::Task<rt::Result<std::uint64_t>> read_last_position(store::Store& store, std::string tenant);

// One who follows a tenant's log, on the loop it was made on. Woken, it looks for itself what is new: nothing is queued
// for it, so it may be as slow as it likes.
class EventFollower {
 public:
  // Set when there may be something new. One waiter.
  rt::Event& woken() noexcept { return woken_; }

 private:
  friend class Events;
  rt::Loop* loop_ = nullptr;
  rt::Event woken_;
  std::atomic<bool> posted_ = false;
};

class Events {
 public:
  explicit Events(store::Store& store, Clock clock = system_clock_ms) : store_(store), clock_(clock) {}

  // Before the first follower.
  void limit_followers(std::size_t per_tenant) { followers_max_ = per_tenant; }

  // The next events after this position, oldest first; when the first of them is not the very next, those between are
  // forgotten.
  rt::Task<rt::Result<std::vector<Event>>> after(std::string tenant, std::uint64_t position, std::size_t limit);
  rt::Task<rt::Result<std::uint64_t>> last_position(std::string tenant) {
    return read_last_position(store_, std::move(tenant));
  }

  // kTooMany when the tenant has as many as it may. Until unfollow(), on the same loop.
  rt::Result<std::shared_ptr<EventFollower>> follow(const std::string& tenant);
  void unfollow(const std::string& tenant, const std::shared_ptr<EventFollower>& follower);

  // Any thread: the tenant's log has grown.
  void grown(const std::string& tenant);
  // Any thread: this media's record was written.
  void media_changed(const std::string& tenant, const std::string& media);
  // Media whose records were written since `mark`, which moves on, each once. A follower that was away for long misses
  // the older ones: they are hints, not events.
  std::vector<std::string> changed_media(const std::string& tenant, std::uint64_t& mark);

  // Forgets events that happened before and, of a tenant with more than kEventsKeptMax, the oldest; how many.
  rt::Task<rt::Result<std::size_t>> forget_before(std::int64_t unix_ms);

 private:
  rt::Task<rt::Result<std::size_t>> forget_of(std::string tenant, std::int64_t unix_ms);

  struct Audience {
    std::vector<std::shared_ptr<EventFollower>> followers;
    std::deque<std::string> changed;  // the newest last; the last one's number is `changes`
    std::uint64_t changes = 0;
  };
  void wake(Audience& audience);

  store::Store& store_;
  const Clock clock_;
  std::size_t followers_max_ = 64;
  std::mutex mutex_;
  std::map<std::string, Audience, std::less<>> audiences_;  // guarded by mutex_; of tenants that are followed
};

}  // namespace millrace::media
