#include "handlers/tus/digest.h"

#include <algorithm>
#include <cstdint>

#include "server/http/crypto.h"
#include "store/crc.h"

namespace millrace::handlers::tus {
namespace {

template <http::Hasher::Kind kKind>
class Cryptographic final : public Digest {
 public:
  void update(std::span<const std::byte> bytes) override { hasher_.update(bytes); }
  std::string finish() override { return hasher_.finish(); }

 private:
  http::Hasher hasher_{kKind};
};

template <class Word, Word (*kUpdate)(Word, std::span<const std::byte>, store::Kernel)>
class Cyclic final : public Digest {
 public:
  void update(std::span<const std::byte> bytes) override { crc_ = kUpdate(crc_, bytes, store::Kernel::kFastest); }
  std::string finish() override {
    std::string raw;
    for (int shift = sizeof(Word) * 8 - 8; shift >= 0; shift -= 8) raw += static_cast<char>(crc_ >> shift & 0xff);
    return raw;
  }

 private:
  Word crc_ = 0;
};

template <class Kind>
std::unique_ptr<Digest> make() {
  return std::make_unique<Kind>();
}

struct Algorithm {
  std::string_view name;
  std::unique_ptr<Digest> (*make)();
};

constexpr Algorithm kAlgorithms[] = {
    {"sha1", make<Cryptographic<http::Hasher::Kind::kSha1>>},
    {"sha256", make<Cryptographic<http::Hasher::Kind::kSha256>>},
    {"md5", make<Cryptographic<http::Hasher::Kind::kMd5>>},
    {"crc32", make<Cyclic<std::uint32_t, store::crc32_update>>},
    {"crc32c", make<Cyclic<std::uint32_t, store::crc32c_update>>},
    {"crc64nvme", make<Cyclic<std::uint64_t, store::crc64nvme_update>>},
};

}  // namespace

std::unique_ptr<Digest> make_digest(std::string_view algorithm) {
  const auto* found = std::ranges::find(kAlgorithms, algorithm, &Algorithm::name);
  return found == std::end(kAlgorithms) ? nullptr : found->make();
}

Digests all_digests() {
  Digests digests;
  for (const Algorithm& each : kAlgorithms) digests.emplace(each.name, each.make());
  return digests;
}

std::string digest_algorithms() {
  std::string names;
  for (const Algorithm& each : kAlgorithms) names += (names.empty() ? "" : ",") + std::string(each.name);
  return names;
}

}  // namespace millrace::handlers::tus
