// The byte budget: one count of all receive and write buffers of the process, with a limit the operator sets. Above
// the pressure mark, writers cut chunks early and connections with unread bytes stop reading; nothing is allocated
// above the limit but one block per loop, so progress never stops. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>

namespace millrace::rt {

class Budget {
 public:
  explicit Budget(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void charge(std::size_t bytes) noexcept { used_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void refund(std::size_t bytes) noexcept { used_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  std::size_t used_bytes() const noexcept { return used_bytes_.load(std::memory_order_relaxed); }
  std::size_t limit_bytes() const noexcept { return limit_bytes_; }
  bool under_pressure() const noexcept { return used_bytes() > limit_bytes_ / 4 * 3; }
  bool exhausted() const noexcept { return used_bytes() >= limit_bytes_; }

 private:
  const std::size_t limit_bytes_;
  std::atomic<std::size_t> used_bytes_{0};
};

}  // namespace millrace::rt
