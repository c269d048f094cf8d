// The checksums that clients send along and get back, behind one interface. CRC32 and CRC64NVME come free with every
// Draft; the others cost a pass over the bytes while they go by. Any thread; a hasher belongs to one stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::media {

// The values are kept in records.
enum class ChecksumAlgorithm : std::uint8_t {
  kCrc32 = 1,
  kCrc32c = 2,
  kCrc64nvme = 3,
  kSha1 = 4,
  kSha256 = 5,
  kXxhash64 = 6,
  kXxhash3 = 7,
  kXxhash128 = 8,
};

// "CRC32", "CRC64NVME", ...; a word is found in any case.
std::string_view word(ChecksumAlgorithm algorithm) noexcept;
std::optional<ChecksumAlgorithm> parse_checksum_algorithm(std::string_view word) noexcept;
const std::vector<ChecksumAlgorithm>& checksum_algorithms();

// Bytes a value has: big-endian, as the algorithm's canonical form says.
std::size_t checksum_bytes(ChecksumAlgorithm algorithm) noexcept;
// Whether the checksum of a whole can be made of those of its parts.
bool is_combinable(ChecksumAlgorithm algorithm) noexcept;

// Raw big-endian bytes of what a Draft knows.
std::string checksum_of_crc32(std::uint32_t crc);
std::string checksum_of_crc64nvme(std::uint64_t crc);
// The whole's value from two in a row, for combinable algorithms.
std::string combine_checksums(ChecksumAlgorithm algorithm, std::string_view first, std::string_view second,
                              std::uint64_t second_bytes);
std::string checksum_of(ChecksumAlgorithm algorithm, std::span<const std::byte> bytes);

// The checksum of bytes that come in pieces.
class ChecksumHasher {
 public:
  explicit ChecksumHasher(ChecksumAlgorithm algorithm);
  ~ChecksumHasher();
  ChecksumHasher(ChecksumHasher&&) noexcept;
  ChecksumHasher& operator=(ChecksumHasher&&) noexcept;

  ChecksumAlgorithm algorithm() const noexcept { return algorithm_; }
  void update(std::span<const std::byte> piece);
  // Raw big-endian bytes. Once.
  std::string finish();

  struct Engine;

 private:
  ChecksumAlgorithm algorithm_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace millrace::media
