#include "media/jobs/turns.h"

#include <algorithm>
#include <tuple>

namespace millrace::media {

const Waiting* Turns::next(std::span<const Waiting> waiting, std::int64_t now_ms) const {
  const auto rank = [this](const Waiting& each) {
    const Share share = share_of(each.tenant);
    return std::tuple(share.running, share.served, each.due_ms);
  };
  const Waiting* best = nullptr;
  for (const Waiting& each : waiting) {
    if (each.due_ms > now_ms) continue;
    if (!best || rank(each) < rank(*best)) best = &each;
  }
  return best;
}

void Turns::begin(const std::string& tenant) {
  Share& share = shares_[tenant];
  ++share.running;
  ++running_;
  share.served = ++turn_;
}

void Turns::end(const std::string& tenant) {
  --shares_[tenant].running;
  --running_;
}

Turns::Share Turns::share_of(const std::string& tenant) const {
  const auto found = shares_.find(tenant);
  return found == shares_.end() ? Share() : found->second;
}

std::int64_t earliest_due_ms(std::span<const Waiting> waiting) {
  std::int64_t earliest = INT64_MAX;
  for (const Waiting& each : waiting) earliest = std::min(earliest, each.due_ms);
  return earliest;
}

}  // namespace millrace::media
