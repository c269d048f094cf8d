// LruCache: remembers what was asked for last, up to a total cost. Any thread: it is cut into shards, so that loops
// seldom meet at a lock.
#pragma once

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace millrace::rt {

template <class Value>
class LruCache {
 public:
  explicit LruCache(std::size_t cost_max) : shard_cost_max_(cost_max / kShards) {}

  // Null: not there.
  std::shared_ptr<const Value> find(std::string_view key) {
    Shard& shard = shard_of(key);
    std::lock_guard lock(shard.mutex);
    const auto found = shard.places.find(key);
    if (found == shard.places.end()) return nullptr;
    shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
    return found->second->value;
  }

  // Takes the place of what is under the key; the longest unused go for it. What costs more than a shard may hold is
  // not kept.
  void put(std::string key, std::shared_ptr<const Value> value, std::size_t cost) {
    Shard& shard = shard_of(key);
    std::lock_guard lock(shard.mutex);
    if (const auto found = shard.places.find(key); found != shard.places.end()) shard.drop(found->second);
    if (cost > shard_cost_max_) return;
    while (shard.cost + cost > shard_cost_max_) shard.drop(std::prev(shard.entries.end()));
    shard.entries.push_front({std::move(key), std::move(value), cost});
    shard.places.emplace(shard.entries.front().key, shard.entries.begin());
    shard.cost += cost;
  }

 private:
  static constexpr std::size_t kShards = 16;

  struct Entry {
    std::string key;
    std::shared_ptr<const Value> value;
    std::size_t cost;
  };
  struct Shard {
    std::mutex mutex;
    std::list<Entry> entries;  // the last used first
    std::unordered_map<std::string_view, typename std::list<Entry>::iterator> places;
    std::size_t cost = 0;

    void drop(typename std::list<Entry>::iterator entry) {
      cost -= entry->cost;
      places.erase(entry->key);
      entries.erase(entry);
    }
  };

  // Not the bits that choose a bucket inside the shard.
  Shard& shard_of(std::string_view key) { return shards_[std::hash<std::string_view>()(key) >> 60]; }

  const std::size_t shard_cost_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace millrace::rt
