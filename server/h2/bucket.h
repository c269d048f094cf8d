// Bucket: how often something may happen, a burst at once and a rate over time. A value owned by one session.
#pragma once

#include <algorithm>
#include <cstdint>

namespace millrace::h2 {

class Bucket {
 public:
  Bucket(std::uint32_t burst, std::uint32_t per_s) noexcept
      : burst_(burst), per_s_(per_s), left_milli_(std::int64_t{burst} * 1000) {}

  // Takes one. False: too many.
  bool take(std::int64_t now_ms) noexcept {
    const std::int64_t refill_milli = (now_ms - last_ms_) * per_s_;
    left_milli_ = std::min(left_milli_ + refill_milli, std::int64_t{burst_} * 1000);
    last_ms_ = now_ms;
    if (left_milli_ < 1000) return false;
    left_milli_ -= 1000;
    return true;
  }

 private:
  std::uint32_t burst_;
  std::uint32_t per_s_;
  std::int64_t left_milli_;
  std::int64_t last_ms_ = 0;
};

}  // namespace millrace::h2
