// Checksums as S3 names them: what a sender states of its bytes and what a reader gets back. Values for any thread; the
// arithmetic that makes one of a whole out of those of its parts, never out of its bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::media {

enum class ChecksumAlgorithm : std::uint8_t {
  kCrc32,
  kCrc32c,
  kCrc64Nvme,
  kSha1,
  kSha256,
  kXxhash64,
  kXxhash3,
  kXxhash128,
  kMd5,
};
inline constexpr std::array kChecksumAlgorithms = {
    ChecksumAlgorithm::kCrc32,   ChecksumAlgorithm::kCrc32c,    ChecksumAlgorithm::kCrc64Nvme,
    ChecksumAlgorithm::kSha1,    ChecksumAlgorithm::kSha256,    ChecksumAlgorithm::kXxhash64,
    ChecksumAlgorithm::kXxhash3, ChecksumAlgorithm::kXxhash128, ChecksumAlgorithm::kMd5,
};

// "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "XXHASH64", "XXHASH3", "XXHASH128", "MD5".
std::string_view word(ChecksumAlgorithm algorithm);
// In any case of letters.
std::optional<ChecksumAlgorithm> parse_checksum_algorithm(std::string_view word);
// Bytes of a raw value.
std::size_t digest_bytes(ChecksumAlgorithm algorithm) noexcept;
// Whether the checksum of a whole can be made of its parts' checksums and sizes: the CRCs.
bool combines(ChecksumAlgorithm algorithm) noexcept;

struct Checksum {
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::kCrc64Nvme;
  std::string value;       // raw, CRCs in network order: what S3 shows in base64
  bool composite = false;  // of the parts' raw values instead of the bytes; S3 adds "-PARTS"
  bool operator==(const Checksum&) const = default;
};

Checksum crc32_checksum(std::uint32_t crc);
Checksum crc64nvme_checksum(std::uint64_t crc);
// The raw value of two byte strings in a row from theirs; for algorithms that combine.
std::string combine(ChecksumAlgorithm algorithm, std::string_view first, std::string_view second,
                    std::uint64_t second_bytes);
const Checksum* find(const std::vector<Checksum>& checksums, ChecksumAlgorithm algorithm);

}  // namespace millrace::media
