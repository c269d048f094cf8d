#include "media/buckets/checksum.h"

#include <algorithm>
#include <array>

#include "server/rt/text.h"
#include "store/crc.h"

namespace millrace::media {
namespace {

using Algorithm = ChecksumAlgorithm;

struct Properties {
  std::string_view word;
  std::size_t bytes;
};

constexpr std::array<Properties, 9> kProperties = {{{"CRC32", 4},
                                                    {"CRC32C", 4},
                                                    {"CRC64NVME", 8},
                                                    {"SHA1", 20},
                                                    {"SHA256", 32},
                                                    {"XXHASH64", 8},
                                                    {"XXHASH3", 8},
                                                    {"XXHASH128", 16},
                                                    {"MD5", 16}}};

const Properties& properties(Algorithm algorithm) { return kProperties[static_cast<std::size_t>(algorithm)]; }

template <class Number>
std::string big_endian(Number number) {
  std::string bytes(sizeof(Number), '\0');
  for (std::size_t i = bytes.size(); i-- > 0; number = static_cast<Number>(number >> 8)) {
    bytes[i] = static_cast<char>(number & 0xff);
  }
  return bytes;
}

template <class Number>
Number number_of(std::string_view big_endian) {
  Number number = 0;
  for (char c : big_endian.substr(0, sizeof(Number))) {
    number = static_cast<Number>(number << 8 | static_cast<unsigned char>(c));
  }
  return number;
}

template <class Number>
std::string combined(Number (*rule)(Number, Number, std::uint64_t), std::string_view first, std::string_view second,
                     std::uint64_t second_bytes) {
  return big_endian(rule(number_of<Number>(first), number_of<Number>(second), second_bytes));
}

}  // namespace

std::string_view word(Algorithm algorithm) { return properties(algorithm).word; }

std::optional<Algorithm> parse_checksum_algorithm(std::string_view word) {
  const auto equal = [&](const Properties& known) { return rt::same_word(known.word, word); };
  const auto found = std::ranges::find_if(kProperties, equal);
  if (found == kProperties.end()) return std::nullopt;
  return static_cast<Algorithm>(found - kProperties.begin());
}

std::size_t digest_bytes(Algorithm algorithm) noexcept { return properties(algorithm).bytes; }

bool combines(Algorithm algorithm) noexcept {
  return algorithm == Algorithm::kCrc32 || algorithm == Algorithm::kCrc32c || algorithm == Algorithm::kCrc64Nvme;
}

Checksum crc32_checksum(std::uint32_t crc) { return {Algorithm::kCrc32, big_endian(crc)}; }

Checksum crc64nvme_checksum(std::uint64_t crc) { return {Algorithm::kCrc64Nvme, big_endian(crc)}; }

std::string combine(Algorithm algorithm, std::string_view first, std::string_view second, std::uint64_t second_bytes) {
  if (algorithm == Algorithm::kCrc64Nvme) return combined(store::crc64nvme_combine, first, second, second_bytes);
  const auto rule = algorithm == Algorithm::kCrc32c ? store::crc32c_combine : store::crc32_combine;
  return combined(rule, first, second, second_bytes);
}

const Checksum* find(const std::vector<Checksum>& checksums, Algorithm algorithm) {
  const auto found = std::ranges::find(checksums, algorithm, &Checksum::algorithm);
  return found == checksums.end() ? nullptr : &*found;
}

}  // namespace millrace::media
