#include "bench/client/session.h"

#include <algorithm>

namespace millrace::bench {
namespace {

constexpr double kBurstSeconds = 0.5;

}  // namespace

void Allowance::refill(Clock::time_point now) {
  if (rate_bytes_ == 0) return;
  const double rate = static_cast<double>(rate_bytes_);
  available_bytes_ += std::chrono::duration<double>(now - last_).count() * rate;
  available_bytes_ = std::min(available_bytes_, rate * kBurstSeconds);
  last_ = now;
}

uint64_t Allowance::take(uint64_t wanted) {
  if (rate_bytes_ == 0) return wanted;
  const uint64_t granted = std::min(wanted, static_cast<uint64_t>(available_bytes_));
  available_bytes_ -= static_cast<double>(granted);
  return granted;
}

}  // namespace millrace::bench
