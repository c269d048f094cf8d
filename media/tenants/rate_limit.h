// RateLimit: how often somebody may ask, whoever that is: a token bucket for each name. In memory and bounded: the name
// that was silent for longest goes for a new one, and with full buckets nothing is lost by it. Any thread; cut into
// shards, so that loops seldom meet at a lock.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace millrace::media {

struct Rate {
  std::uint32_t per_second = 0;  // requests in the long run; 0: no limit
  std::uint32_t burst = 0;       // requests at once; at least one
};

// What one question was answered with, and what is left after it.
struct Ration {
  bool granted = true;
  std::uint64_t remaining = 0;  // requests
  std::int64_t full_ms = 0;     // until all of the burst is there again
  std::int64_t wait_ms = 0;     // until the next one is granted
};

class RateLimit {
 public:
  RateLimit() : RateLimit(kNamesMax) {}
  explicit RateLimit(std::size_t names_max) : shard_names_max_(names_max / kShards + 1) {}

  // Takes one from the name's bucket, when there is one. `now_ms` may go back: then nothing flows in until it has
  // come that far again.
  Ration take(std::string_view name, Rate rate, std::int64_t now_ms);

  // Names that are remembered.
  std::size_t size() const;

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kNamesMax = 64 << 10;

  struct Bucket {
    std::string name;
    double tokens;
    std::int64_t at_ms;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Bucket> buckets;  // the last asked for first
    std::unordered_map<std::string_view, std::list<Bucket>::iterator> places;

    Bucket& bucket(std::string_view name, double burst, std::int64_t now_ms, std::size_t names_max);
  };

  const std::size_t shard_names_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace millrace::media
