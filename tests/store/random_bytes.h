// Reproducible input for tests of the byte kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace millrace::store {

inline std::vector<std::byte> random_bytes(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// Sizes from 0 to max_bytes, small ones as likely as large ones.
class PieceSizes {
 public:
  PieceSizes(std::size_t max_bytes, std::uint64_t seed) : max_bytes_(max_bytes), random_(seed) {}

  std::size_t next() {
    const std::size_t limit = max_bytes_ >> (random_() % 16);
    return limit == 0 ? 1 : random_() % (limit + 1);
  }

 private:
  std::size_t max_bytes_;
  std::mt19937_64 random_;
};

}  // namespace millrace::store
