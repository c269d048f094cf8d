// An index in memory that loses a random number of its last unsynced batches when the power goes. Its state outlives
// the Index that opened it. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <random>

#include "store/index.h"

namespace millrace::store {

class MemoryIndexState {
 public:
  using Tables = std::array<std::map<std::string, std::string, std::less<>>, kTableNames.size()>;

  // Until the next opening.
  void cut_power(std::mt19937_64& random) {
    std::lock_guard lock(mutex_);
    const std::size_t kept = random() % (unsynced_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) write(durable_, unsynced_[i]);
    unsynced_.clear();
    now_ = durable_;
  }
  void lose_unsynced() {
    std::lock_guard lock(mutex_);
    unsynced_.clear();
    now_ = durable_;
  }
  void lose_everything() {
    std::lock_guard lock(mutex_);
    now_ = durable_ = {};
    unsynced_.clear();
  }
  // Whatever stands there; for making an index wrong.
  void write_raw(Table table, const std::string& key, std::optional<std::string> value) {
    std::lock_guard lock(mutex_);
    write(now_, {{table, key, value}});
    write(durable_, {{table, key, value}});
  }
  std::size_t entries(Table table) const {
    std::lock_guard lock(mutex_);
    return now_[static_cast<std::size_t>(table)].size();
  }
  void set_memory_misses(bool misses) {
    std::lock_guard lock(mutex_);
    memory_misses_ = misses;
  }

  IndexFactory factory() {
    return {[this](const std::filesystem::path&) -> rt::Result<std::unique_ptr<Index>> {
              return std::make_unique<Handle>(*this);
            },
            [this](const std::filesystem::path&) {
              lose_everything();
              return rt::Status{};
            }};
  }

 private:
  class Handle final : public Index {
   public:
    explicit Handle(MemoryIndexState& state) : state_(state) {}
    rt::Result<std::optional<std::string>> get(Table table, std::string_view key, Reach reach) const override {
      std::lock_guard lock(state_.mutex_);
      if (reach == Reach::kMemory && state_.memory_misses_) return rt::fail(rt::Code::kUnavailable, "not in memory");
      const auto& entries = state_.now_[static_cast<std::size_t>(table)];
      const auto found = entries.find(key);
      if (found == entries.end()) return std::nullopt;
      return found->second;
    }
    rt::Status apply(const IndexBatch& batch) override {
      std::lock_guard lock(state_.mutex_);
      write(state_.now_, batch);
      state_.unsynced_.push_back(batch);
      return {};
    }
    rt::Status sync() override {
      std::lock_guard lock(state_.mutex_);
      for (const IndexBatch& batch : state_.unsynced_) write(state_.durable_, batch);
      state_.unsynced_.clear();
      return {};
    }
    rt::Status visit(Table table, std::string_view start, Direction direction, const Visit& visit) const override {
      std::lock_guard lock(state_.mutex_);
      const auto& entries = state_.now_[static_cast<std::size_t>(table)];
      if (direction == Direction::kForward) {
        for (auto at = entries.lower_bound(start); at != entries.end() && visit(at->first, at->second); ++at) {
        }
        return {};
      }
      auto at = start.empty() ? entries.end() : entries.lower_bound(start);
      while (at != entries.begin()) {
        --at;
        if (!visit(at->first, at->second)) break;
      }
      return {};
    }

   private:
    MemoryIndexState& state_;
  };

  static void write(Tables& tables, const IndexBatch& batch) {
    for (const IndexWrite& write : batch) {
      auto& entries = tables[static_cast<std::size_t>(write.table)];
      if (write.value) {
        entries.insert_or_assign(write.key, *write.value);
      } else {
        entries.erase(write.key);
      }
    }
  }

  mutable std::mutex mutex_;
  Tables now_;
  Tables durable_;
  std::vector<IndexBatch> unsynced_;
  bool memory_misses_ = false;
};

}  // namespace millrace::store
