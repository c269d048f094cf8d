// xxHash is used here in its unkeyed forms, which are what S3 means; chunks have the keyed one of store/hash.h.
#include "media/buckets/checksum_hasher.h"

#include <xxhash.h>

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

template <class Number>
std::string big_endian(Number number) {
  std::string bytes(sizeof(Number), '\0');
  for (std::size_t i = bytes.size(); i-- > 0; number = static_cast<Number>(number >> 8)) {
    bytes[i] = static_cast<char>(number & 0xff);
  }
  return bytes;
}

template <class Number, Number (*kUpdate)(Number, std::span<const std::byte>, store::Kernel)>
struct Crc final : Engine {
  Number crc = 0;
  void update(std::span<const std::byte> piece) override { crc = kUpdate(crc, piece, store::Kernel::kFastest); }
  std::string finish() override { return big_endian(crc); }
};

struct Digest final : Engine {
  explicit Digest(http::Hasher::Kind kind) : hasher(kind) {}
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
    case Algorithm::kCrc64Nvme:
      return std::make_unique<Crc<std::uint64_t, store::crc64nvme_update>>();
    case Algorithm::kSha1:
      return std::make_unique<Digest>(http::Hasher::Kind::kSha1);
    case Algorithm::kSha256:
      return std::make_unique<Digest>(http::Hasher::Kind::kSha256);
    case Algorithm::kXxhash64:
      return std::make_unique<Xxh64>();
    case Algorithm::kXxhash3:
      return std::make_unique<Xxh3Of64>();
    case Algorithm::kXxhash128:
      return std::make_unique<Xxh3Of128>();
    case Algorithm::kMd5:
      return std::make_unique<Digest>(http::Hasher::Kind::kMd5);
  }
  return nullptr;
}

}  // namespace

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
