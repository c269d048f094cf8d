// Checksums that clients see: CRC32 (zip, gzip, S3), CRC32C (S3) and CRC64NVME (S3's full-object checksum). Pure
// functions for any thread; 0 is the checksum of nothing. combine() gives the checksum of two byte strings in a row
// from theirs, so an object's is made of its chunks' and never read again. Not protection against anybody's intent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "store/kernels.h"

namespace millrace::store {

std::uint32_t crc32_update(std::uint32_t crc, std::span<const std::byte> bytes, Kernel kernel = Kernel::kFastest);
std::uint32_t crc32c_update(std::uint32_t crc, std::span<const std::byte> bytes, Kernel kernel = Kernel::kFastest);
std::uint64_t crc64nvme_update(std::uint64_t crc, std::span<const std::byte> bytes, Kernel kernel = Kernel::kFastest);

std::uint32_t crc32_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes);
std::uint32_t crc32c_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes);
std::uint64_t crc64nvme_combine(std::uint64_t first, std::uint64_t second, std::uint64_t second_bytes);

// Both checksums that every chunk carries, in one pass over the bytes.
struct Checksums {
  std::uint32_t crc32 = 0;
  std::uint64_t crc64nvme = 0;

  void update(std::span<const std::byte> bytes, Kernel kernel = Kernel::kFastest);
  bool operator==(const Checksums&) const = default;
};

}  // namespace millrace::store
