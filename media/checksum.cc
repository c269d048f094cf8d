#include "media/checksum.h"

#include <algorithm>
#include <iterator>

#include "server/http/crypto.h"
#include "store/crc.h"

namespace millrace::media {
namespace {

struct Row {
  std::string_view word;
  std::size_t digest_bytes;
};

constexpr Row kRows[] = {{"CRC32", 4},    {"CRC32C", 4},  {"CRC64NVME", 8},  {"SHA1", 20}, {"SHA256", 32},
                         {"XXHASH64", 8}, {"XXHASH3", 8}, {"XXHASH128", 16}, {"MD5", 16}};

const Row& row_of(ChecksumAlgorithm algorithm) { return kRows[static_cast<std::size_t>(algorithm)]; }

template <class Number>
std::string in_network_order(Number number) {
  std::string bytes(sizeof(number), 0);
  for (auto at = bytes.rbegin(); at != bytes.rend(); ++at, number >>= 8) *at = static_cast<char>(number & 0xff);
  return bytes;
}

template <class Number>
Number number_of(std::string_view bytes) {
  Number number = 0;
  for (char c : bytes.substr(0, sizeof(number)))
    number = static_cast<Number>(number << 8 | static_cast<unsigned char>(c));
  return number;
}

std::string digest(http::Hasher::Kind kind, std::string_view bytes) {
  http::Hasher hasher(kind);
  hasher.update(http::bytes_of(bytes));
  return hasher.finish();
}

// Empty when there is no such composite.
std::string value_of(ChecksumAlgorithm algorithm, std::string_view bytes) {
  const auto view = http::bytes_of(bytes);
  switch (algorithm) {
    case ChecksumAlgorithm::kCrc32:
      return in_network_order(store::crc32_update(0, view));
    case ChecksumAlgorithm::kCrc32c:
      return in_network_order(store::crc32c_update(0, view));
    case ChecksumAlgorithm::kSha1:
      return digest(http::Hasher::Kind::kSha1, bytes);
    case ChecksumAlgorithm::kSha256:
      return digest(http::Hasher::Kind::kSha256, bytes);
    case ChecksumAlgorithm::kMd5:
      return digest(http::Hasher::Kind::kMd5, bytes);
    case ChecksumAlgorithm::kCrc64Nvme:
    case ChecksumAlgorithm::kXxhash64:
    case ChecksumAlgorithm::kXxhash3:
    case ChecksumAlgorithm::kXxhash128:
      break;
  }
  return {};
}

}  // namespace

std::string_view word(ChecksumAlgorithm algorithm) { return row_of(algorithm).word; }

std::optional<ChecksumAlgorithm> parse_checksum_algorithm(std::string_view text) {
  const auto found = std::ranges::find(kRows, text, &Row::word);
  if (found == std::end(kRows)) return std::nullopt;
  return static_cast<ChecksumAlgorithm>(std::distance(std::begin(kRows), found));
}

std::size_t digest_bytes(ChecksumAlgorithm algorithm) noexcept { return row_of(algorithm).digest_bytes; }

bool combines(ChecksumAlgorithm algorithm) noexcept { return algorithm <= ChecksumAlgorithm::kCrc64Nvme; }

Checksum crc32_checksum(std::uint32_t crc) {
  return {.algorithm = ChecksumAlgorithm::kCrc32, .value = in_network_order(crc)};
}

Checksum crc64nvme_checksum(std::uint64_t crc) {
  return {.algorithm = ChecksumAlgorithm::kCrc64Nvme, .value = in_network_order(crc)};
}

std::optional<Checksum> composite_checksum(ChecksumAlgorithm algorithm, std::string_view values) {
  std::string value = value_of(algorithm, values);
  if (value.empty()) return std::nullopt;
  return Checksum{.algorithm = algorithm, .value = std::move(value), .composite = true};
}

std::string combine(ChecksumAlgorithm algorithm, std::string_view first, std::string_view second,
                    std::uint64_t second_bytes) {
  if (algorithm == ChecksumAlgorithm::kCrc64Nvme) {
    return in_network_order(
        store::crc64nvme_combine(number_of<std::uint64_t>(first), number_of<std::uint64_t>(second), second_bytes));
  }
  const auto combined = algorithm == ChecksumAlgorithm::kCrc32c ? store::crc32c_combine : store::crc32_combine;
  return in_network_order(combined(number_of<std::uint32_t>(first), number_of<std::uint32_t>(second), second_bytes));
}

const Checksum* find(const std::vector<Checksum>& checksums, ChecksumAlgorithm algorithm) {
  const auto found = std::ranges::find(checksums, algorithm, &Checksum::algorithm);
  return found == checksums.end() ? nullptr : &*found;
}

}  // namespace millrace::media
