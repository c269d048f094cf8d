// The identity of chunks: XXH3-128 keyed with a secret that each store draws once, so that nobody outside can prepare
// chunks with equal hashes. Not collision-resistant against whoever knows the secret: a hit is compared byte for byte
// before anything is shared. One hasher per stream, on any thread; it allocates nothing and is reused for chunk after
// chunk.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

#include "store/kernels.h"

namespace millrace::store {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Hash128&) const = default;
};

// Random bytes; XXH3 is weak with a secret of low entropy.
using HashSecret = std::array<std::byte, 192>;

class Hasher {
 public:
  // The secret must outlive the hasher.
  explicit Hasher(const HashSecret& secret, Kernel kernel = Kernel::kFastest);

  void reset();
  void update(std::span<const std::byte> bytes);
  Hash128 digest() const;

 private:
  static constexpr std::size_t kStateBytes = 576;

  const HashSecret* secret_;
  Kernel kernel_;
  alignas(64) std::array<std::byte, kStateBytes> state_;  // an XXH3_state_t
};

Hash128 hash_of(const HashSecret& secret, std::span<const std::byte> bytes);

}  // namespace millrace::store
