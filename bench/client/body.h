#pragma once

// The bytes the load client sends: endless, reproducible, and never the same twice unless asked for.
// A body is blocks of one 64 MiB random pool, each block stamped with a number that no other block has, so making it
// costs one memcpy and a store that deduplicates finds nothing to share. The same (seed, id) is the same body again.
// Immutable after construction; used by one thread.

#include <cstdint>
#include <span>
#include <vector>

namespace millrace::bench {

class BodyPool {
 public:
  // `shift_bytes` of other bytes come before each body, so that its content sits at another offset.
  BodyPool(uint64_t seed, uint64_t shift_bytes);

  // Writes the bytes of body `id` that start at `offset`.
  void fill(uint64_t id, uint64_t offset, std::span<uint8_t> out) const;

  // True when `bytes` are what fill() would have written there.
  bool matches(uint64_t id, uint64_t offset, std::span<const uint8_t> bytes) const;

  uint64_t shift_bytes() const { return shift_bytes_; }

 private:
  void fill_content(uint64_t id, uint64_t offset, std::span<uint8_t> out) const;

  std::vector<uint64_t> pool_;
  uint64_t seed_;
  uint64_t shift_bytes_;
};

}  // namespace millrace::bench
