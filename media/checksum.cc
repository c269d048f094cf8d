#include "media/checksum.h"

#include <strings.h>
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "server/http/crypto.h"
#include "store/crc.h"

namespace millrace::media {

struct ChecksumHasher::Engine {
  virtual ~Engine() = default;
  virtual void update(std::span<const std::byte> piece) = 0;
  virtual std::string finish() = 0;
};

namespace {

using Algorithm = ChecksumAlgorithm;
using Engine = ChecksumHasher::Engine;

struct Properties {
  Algorithm algorithm;
  std::string_view word;
  std::size_t bytes;
};

constexpr std::array kProperties = {
    Properties{Algorithm::kCrc32, "CRC32", 4},         Properties{Algorithm::kCrc32c, "CRC32C", 4},
    Properties{Algorithm::kCrc64nvme, "CRC64NVME", 8}, Properties{Algorithm::kSha1, "SHA1", 20},
    Properties{Algorithm::kSha256, "SHA256", 32},      Properties{Algorithm::kXxhash64, "XXHASH64", 8},
    Properties{Algorithm::kXxhash3, "XXHASH3", 8},     Properties{Algorithm::kXxhash128, "XXHASH128", 16},
};

const Properties& properties(Algorithm algorithm) { return kProperties[static_cast<std::size_t>(algorithm) - 1]; }

template <class Number>
std::string big_endian(Number number) {
  std::string bytes(sizeof(Number), '\0');
  for (std::size_t i = bytes.size(); i-- > 0; number = static_cast<Number>(number >> 8)) {
    bytes[i] = static_cast<char>(number & 0xff);
  }
  return bytes;
}

template <class Number>
Number number_of(std::string_view bytes) {
  Number number = 0;
  for (const char byte : bytes) number = static_cast<Number>(number << 8 | static_cast<unsigned char>(byte));
  return number;
}

template <class Number, Number (*kUpdate)(Number, std::span<const std::byte>, store::Kernel)>
struct Crc final : Engine {
  Number crc = 0;
  void update(std::span<const std::byte> piece) override { crc = kUpdate(crc, piece, store::Kernel::kFastest); }
  std::string finish() override { return big_endian(crc); }
};

struct Sha final : Engine {
  explicit Sha(http::Hasher::Kind kind) : hasher(kind) {}
  http::Hasher hasher;
  void update(std::span<const std::byte> piece) override { hasher.update(piece); }
  std::string finish() override { return hasher.finish(); }
};

struct Xxh64 final : Engine {
  std::unique_ptr<XXH64_state_t, decltype(&XXH64_freeState)> state{XXH64_createState(), &XXH64_freeState};
  Xxh64() { XXH64_reset(state.get(), 0); }
  void update(std::span<const std::byte> piece) override { XXH64_update(state.get(), piece.data(), piece.size()); }
  std::string finish() override { return big_endian(XXH64_digest(state.get())); }
};

struct Xxh3 : Engine {
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state{XXH3_createState(), &XXH3_freeState};
};

struct Xxh3Of64 final : Xxh3 {
  Xxh3Of64() { XXH3_64bits_reset(state.get()); }
  void update(std::span<const std::byte> piece) override {
    XXH3_64bits_update(state.get(), piece.data(), piece.size());
  }
  std::string finish() override { return big_endian(XXH3_64bits_digest(state.get())); }
};

struct Xxh3Of128 final : Xxh3 {
  Xxh3Of128() { XXH3_128bits_reset(state.get()); }
  void update(std::span<const std::byte> piece) override {
    XXH3_128bits_update(state.get(), piece.data(), piece.size());
  }
  std::string finish() override {
    const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
    return big_endian(hash.high64) + big_endian(hash.low64);
  }
};

std::unique_ptr<Engine> engine_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kCrc32:
      return std::make_unique<Crc<std::uint32_t, store::crc32_update>>();
    case Algorithm::kCrc32c:
      return std::make_unique<Crc<std::uint32_t, store::crc32c_update>>();
    case Algorithm::kCrc64nvme:
      return std::make_unique<Crc<std::uint64_t, store::crc64nvme_update>>();
    case Algorithm::kSha1:
      return std::make_unique<Sha>(http::Hasher::Kind::kSha1);
    case Algorithm::kSha256:
      return std::make_unique<Sha>(http::Hasher::Kind::kSha256);
    case Algorithm::kXxhash64:
      return std::make_unique<Xxh64>();
    case Algorithm::kXxhash3:
      return std::make_unique<Xxh3Of64>();
    case Algorithm::kXxhash128:
      return std::make_unique<Xxh3Of128>();
  }
  return nullptr;
}

}  // namespace

std::string_view word(Algorithm algorithm) noexcept { return properties(algorithm).word; }

std::optional<Algorithm> parse_checksum_algorithm(std::string_view word) noexcept {
  const auto equal = [&](const Properties& known) {
    return known.word.size() == word.size() && strncasecmp(known.word.data(), word.data(), word.size()) == 0;
  };
  const auto found = std::ranges::find_if(kProperties, equal);
  if (found == kProperties.end()) return std::nullopt;
  return found->algorithm;
}

const std::vector<Algorithm>& checksum_algorithms() {
  static const std::vector<Algorithm> all = [] {
    std::vector<Algorithm> algorithms;
    for (const Properties& known : kProperties) algorithms.push_back(known.algorithm);
    return algorithms;
  }();
  return all;
}

std::size_t checksum_bytes(Algorithm algorithm) noexcept { return properties(algorithm).bytes; }

bool is_combinable(Algorithm algorithm) noexcept {
  return algorithm == Algorithm::kCrc32 || algorithm == Algorithm::kCrc32c || algorithm == Algorithm::kCrc64nvme;
}

std::string checksum_of_crc32(std::uint32_t crc) { return big_endian(crc); }

std::string checksum_of_crc64nvme(std::uint64_t crc) { return big_endian(crc); }

std::string combine_checksums(Algorithm algorithm, std::string_view first, std::string_view second,
                              std::uint64_t second_bytes) {
  if (algorithm == Algorithm::kCrc64nvme) {
    return big_endian(
        store::crc64nvme_combine(number_of<std::uint64_t>(first), number_of<std::uint64_t>(second), second_bytes));
  }
  const auto combine = algorithm == Algorithm::kCrc32 ? store::crc32_combine : store::crc32c_combine;
  return big_endian(combine(number_of<std::uint32_t>(first), number_of<std::uint32_t>(second), second_bytes));
}

std::string checksum_of(Algorithm algorithm, std::span<const std::byte> bytes) {
  ChecksumHasher hasher(algorithm);
  hasher.update(bytes);
  return hasher.finish();
}

ChecksumHasher::ChecksumHasher(Algorithm algorithm) : algorithm_(algorithm), engine_(engine_of(algorithm)) {}

ChecksumHasher::~ChecksumHasher() = default;
ChecksumHasher::ChecksumHasher(ChecksumHasher&&) noexcept = default;
ChecksumHasher& ChecksumHasher::operator=(ChecksumHasher&&) noexcept = default;

void ChecksumHasher::update(std::span<const std::byte> piece) { engine_->update(piece); }

std::string ChecksumHasher::finish() { return engine_->finish(); }

}  // namespace millrace::media
