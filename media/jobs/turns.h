// Turns: whose job of one kind is next. Whoever has the fewest of them running; among equals whoever was served longest
// ago; then whatever is due first. A tenant alone has all there is. Pure; one caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace millrace::media {

// What a tenant would run next.
struct Waiting {
  std::string key;  // of the index: keys::waiting_job()
  std::string tenant;
  std::int64_t due_ms = 0;
};

class Turns {
 public:
  // Null when nothing is due; otherwise one of `waiting`, which holds each tenant at most once.
  const Waiting* next(std::span<const Waiting> waiting, std::int64_t now_ms) const;
  // An attempt of the tenant's begins, and ends.
  void begin(const std::string& tenant);
  void end(const std::string& tenant);
  std::size_t running() const noexcept { return running_; }

 private:
  struct Share {
    std::size_t running = 0;
    std::uint64_t served = 0;  // the turn in which it last began one; 0: never
  };
  Share share_of(const std::string& tenant) const;

  std::map<std::string, Share, std::less<>> shares_;  // at most one for each tenant there is
  std::size_t running_ = 0;
  std::uint64_t turn_ = 0;
};

// When the next one is due; INT64_MAX when none waits.
std::int64_t earliest_due_ms(std::span<const Waiting> waiting);

}  // namespace millrace::media
