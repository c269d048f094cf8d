// Text that requests keep in memory as a whole: documents, forms. Nobody waits for its room, because who waited would
// hold what others wait for; it is refused. Thread-safe but for KeptText, which belongs to one request.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

#include "server/rt/budget.h"

namespace millrace::rt {

// The part of the byte budget that is for text, so that text never takes the place of what is on its way to the disk.
class TextShare {
 public:
  // At least one of the largest documents finds room, however small the budget.
  static constexpr std::size_t kBytesMin = std::size_t{8} << 20;

  explicit TextShare(Budget& budget) : budget_(budget), limit_bytes_(std::max(budget.limit_bytes() / 4, kBytesMin)) {}

  // False: no room now.
  bool charge(std::size_t bytes) noexcept {
    if (used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes > limit_bytes_) {
      used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      return false;
    }
    budget_.charge(bytes);
    return true;
  }
  void refund(std::size_t bytes) noexcept {
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    budget_.refund(bytes);
  }
  std::size_t used_bytes() const noexcept { return used_bytes_.load(std::memory_order_relaxed); }
  std::size_t limit_bytes() const noexcept { return limit_bytes_; }

 private:
  Budget& budget_;
  const std::size_t limit_bytes_;
  std::atomic<std::size_t> used_bytes_{0};
};

// What one request keeps.
class KeptText {
 public:
  KeptText() = default;
  KeptText(const KeptText&) = delete;
  KeptText& operator=(const KeptText&) = delete;
  ~KeptText() { release(); }

  // Until then nothing is counted. The share outlives it.
  void count_in(TextShare& share) noexcept { share_ = &share; }
  // Text of so many bytes more; what is made of it costs about as much again. False: there is no room for it now.
  bool add(std::size_t text_bytes) noexcept {
    const std::size_t bytes = 2 * text_bytes;
    if (!share_) return true;
    if (!share_->charge(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  void release() noexcept {
    if (TextShare* share = std::exchange(share_, nullptr)) share->refund(std::exchange(bytes_, 0));
  }

 private:
  TextShare* share_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace millrace::rt
