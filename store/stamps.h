// Stamps tell whether a record or an object may have changed, for those who keep what they made of it: as long as its
// stamp is what it was before it was read, it is what it was. Striped, so the change of another may move it, too. Moved
// after the change can be seen and before it is acknowledged. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace millrace::store {

class Stamps {
 public:
  std::uint64_t of(std::string_view key) const { return stripes_[stripe(key)].load(std::memory_order_acquire); }
  void move(std::string_view key) { stripes_[stripe(key)].fetch_add(1, std::memory_order_acq_rel); }

 private:
  static constexpr std::size_t kStripes = 4096;
  static std::size_t stripe(std::string_view key) { return std::hash<std::string_view>()(key) % kStripes; }

  std::array<std::atomic<std::uint64_t>, kStripes> stripes_{};
};

}  // namespace millrace::store
