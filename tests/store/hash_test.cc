#include "store/hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/store/random_bytes.h"

namespace millrace::store {
namespace {

HashSecret secret_from(std::uint64_t seed) {
  HashSecret secret;
  std::ranges::copy(random_bytes(secret.size(), seed), secret.begin());
  return secret;
}

Hash128 hash_in_pieces(const HashSecret& secret, std::span<const std::byte> bytes, Kernel kernel, std::uint64_t seed) {
  Hasher hasher(secret, kernel);
  PieceSizes sizes(bytes.size(), seed);
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), sizes.next()));
    hasher.update(piece);
    bytes = bytes.subspan(piece.size());
  }
  return hasher.digest();
}

// Any fixed bytes.
constexpr HashSecret counting_secret() {
  HashSecret secret{};
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(i * 131 + 7);
  return secret;
}

TEST(Hasher, HashesAreFixedForever) {
  const HashSecret secret = counting_secret();
  const auto bytes = random_bytes(100000, 1);
  EXPECT_EQ(hash_of(secret, {}), (Hash128{0x0779799CE908DBDF, 0xFD12105A9DBC39C2}));
  EXPECT_EQ(hash_of(secret, bytes), (Hash128{0x6E530BEB4230CF1A, 0xF2BCBF6AC62C4A24}));
}

TEST(Hasher, IsTheSameHoweverTheInputIsSplitAndOnEveryKernel) {
  const HashSecret secret = secret_from(2);
  for (const std::size_t count : {0, 1, 16, 17, 128, 240, 241, 1024, 1025, 65536, 300001}) {
    const auto bytes = random_bytes(count, count);
    const Hash128 whole = hash_of(secret, bytes);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      EXPECT_EQ(hash_in_pieces(secret, bytes, Kernel::kFastest, seed), whole) << count;
      EXPECT_EQ(hash_in_pieces(secret, bytes, Kernel::kPortable, seed), whole) << count;
    }
  }
}

TEST(Hasher, DependsOnTheSecretAndOnEveryByte) {
  auto bytes = random_bytes(5000, 3);
  const Hash128 hash = hash_of(secret_from(4), bytes);
  EXPECT_NE(hash_of(secret_from(5), bytes), hash);
  bytes.back() ^= std::byte{1};
  EXPECT_NE(hash_of(secret_from(4), bytes), hash);
}

TEST(Hasher, ResetForgetsWhatCameBefore) {
  const HashSecret secret = secret_from(6);
  const auto bytes = random_bytes(5000, 7);
  Hasher hasher(secret);
  hasher.update(random_bytes(777, 8));
  hasher.reset();
  hasher.update(bytes);
  EXPECT_EQ(hasher.digest(), hash_of(secret, bytes));
}

TEST(Hasher, DigestLeavesTheStreamOpen) {
  const HashSecret secret = secret_from(9);
  const auto bytes = random_bytes(5000, 10);
  Hasher hasher(secret);
  hasher.update(std::span(bytes).first(3000));
  EXPECT_EQ(hasher.digest(), hash_of(secret, std::span(bytes).first(3000)));
  hasher.update(std::span(bytes).subspan(3000));
  EXPECT_EQ(hasher.digest(), hash_of(secret, bytes));
}

}  // namespace
}  // namespace millrace::store
