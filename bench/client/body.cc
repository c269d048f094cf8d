#include "bench/client/body.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace millrace::bench {
namespace {

constexpr uint64_t kPoolBytes = 64 << 20;
constexpr uint64_t kBlockBytes = 4096;
constexpr uint64_t kStampBytes = 8;
constexpr uint64_t kBlocksApart = 7919;     // bodies start at scattered blocks of the pool
constexpr uint64_t kPrefixId = 1ull << 40;  // the shifted prefix is taken from a body nobody else sends

uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

BodyPool::BodyPool(uint64_t seed, uint64_t shift_bytes)
    : pool_(kPoolBytes / sizeof(uint64_t)), seed_(mix(seed)), shift_bytes_(shift_bytes) {
  for (uint64_t i = 0; i < pool_.size(); ++i) pool_[i] = mix(i);
}

void BodyPool::fill(uint64_t id, uint64_t offset, std::span<uint8_t> out) const {
  if (offset < shift_bytes_) {
    const uint64_t n = std::min<uint64_t>(out.size(), shift_bytes_ - offset);
    fill_content(id + kPrefixId, offset, out.first(n));
    out = out.subspan(n);
    offset += n;
  }
  fill_content(id, offset - shift_bytes_, out);
}

void BodyPool::fill_content(uint64_t id, uint64_t offset, std::span<uint8_t> out) const {
  const auto* pool = reinterpret_cast<const uint8_t*>(pool_.data());
  while (!out.empty()) {
    const uint64_t block = offset / kBlockBytes;
    const uint64_t at = offset % kBlockBytes;
    const uint64_t n = std::min<uint64_t>(out.size(), kBlockBytes - at);
    const uint64_t from = (id * kBlocksApart + block) * kBlockBytes % kPoolBytes;
    std::memcpy(out.data(), pool + from + at, n);
    if (at < kStampBytes) {
      const uint64_t stamp = mix(seed_ ^ mix(id) ^ (block * 0xd6e8feb86659fd93));
      std::array<uint8_t, kStampBytes> stamped;
      std::memcpy(stamped.data(), &stamp, kStampBytes);
      std::memcpy(out.data(), stamped.data() + at, std::min(n, kStampBytes - at));
    }
    out = out.subspan(n);
    offset += n;
  }
}

bool BodyPool::matches(uint64_t id, uint64_t offset, std::span<const uint8_t> bytes) const {
  std::array<uint8_t, kBlockBytes> expected;
  while (!bytes.empty()) {
    const size_t n = std::min(bytes.size(), expected.size());
    fill(id, offset, std::span(expected).first(n));
    if (std::memcmp(expected.data(), bytes.data(), n) != 0) return false;
    bytes = bytes.subspan(n);
    offset += n;
  }
  return true;
}

}  // namespace millrace::bench
