#include "media/tenants/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace millrace::media {
namespace {

constexpr double kMsPerSecond = 1000;

std::int64_t ms_until(double missing, double per_second) {
  return missing <= 0 ? 0 : static_cast<std::int64_t>(std::ceil(missing / per_second * kMsPerSecond));
}

}  // namespace

Ration RateLimit::take(std::string_view name, Rate rate, std::int64_t now_ms) {
  if (rate.per_second == 0) return {};
  const double burst = std::max<double>(rate.burst, 1);
  const double per_second = rate.per_second;
  // Not the bits that choose a place inside the shard.
  Shard& shard = shards_[std::hash<std::string_view>()(name) >> 60];
  std::lock_guard lock(shard.mutex);
  Bucket& bucket = shard.bucket(name, burst, now_ms, shard_names_max_);
  const double flown_in = static_cast<double>(std::max<std::int64_t>(now_ms - bucket.at_ms, 0)) / kMsPerSecond;
  bucket.tokens = std::min(burst, bucket.tokens + flown_in * per_second);
  bucket.at_ms = std::max(bucket.at_ms, now_ms);
  const bool granted = bucket.tokens >= 1;
  if (granted) bucket.tokens -= 1;
  return {.granted = granted,
          .remaining = static_cast<std::uint64_t>(bucket.tokens),
          .full_ms = ms_until(burst - bucket.tokens, per_second),
          .wait_ms = ms_until(1 - bucket.tokens, per_second)};
}

RateLimit::Bucket& RateLimit::Shard::bucket(std::string_view name, double burst, std::int64_t now_ms,
                                            std::size_t names_max) {
  if (const auto found = places.find(name); found != places.end()) {
    buckets.splice(buckets.begin(), buckets, found->second);
    return buckets.front();
  }
  if (buckets.size() >= names_max) {
    places.erase(buckets.back().name);
    buckets.pop_back();
  }
  buckets.push_front({std::string(name), burst, now_ms});
  places.emplace(buckets.front().name, buckets.begin());
  return buckets.front();
}

std::size_t RateLimit::size() const {
  std::size_t names = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    names += shard.buckets.size();
  }
  return names;
}

}  // namespace millrace::media
