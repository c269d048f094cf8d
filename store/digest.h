// Everything the store wants to know about a chunk's bytes, gathered in one pass: identity, checksums, and a CRC32 for
// each block of it so that a read of part of a chunk can be verified without the rest. One digest per stream, reused
// for chunk after chunk; it keeps no bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "store/crc.h"
#include "store/hash.h"

namespace millrace::store {

inline constexpr std::size_t kChecksumBlockBytes = std::size_t{64} << 10;

struct ChunkSummary {
  Hash128 hash;
  std::uint32_t crc32 = 0;
  std::uint64_t crc64nvme = 0;
  std::uint64_t length = 0;
  std::vector<std::uint32_t> block_crc32s;  // one per 64 KiB, the last block may be shorter

  bool operator==(const ChunkSummary&) const = default;
};

class ChunkDigest {
 public:
  // The secret must outlive the digest.
  explicit ChunkDigest(const HashSecret& secret, Kernel kernel = Kernel::kFastest);

  void update(std::span<const std::byte> piece);

  // The summary of all bytes since the last call; the next chunk begins.
  ChunkSummary finish();

 private:
  void update_step(std::span<const std::byte> step);
  void close_block();

  Kernel kernel_;
  Hasher hasher_;
  std::size_t block_bytes_ = 0;
  Checksums checksums_;  // crc32 of the open block, crc64nvme of the whole chunk
  ChunkSummary summary_;
};

}  // namespace millrace::store
