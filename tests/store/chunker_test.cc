#include "store/chunker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "store/hash.h"
#include "tests/store/random_bytes.h"

namespace millrace::store {
namespace {

using Bytes = std::span<const std::byte>;

constexpr ChunkLimits kSmall{2048, 8192, 32768};

// Lengths of the chunks; the last one is what was left at the end.
template <typename NextSize>
std::vector<std::size_t> chunk_lengths(Bytes bytes, ChunkLimits limits, Kernel kernel, NextSize next_size) {
  Cutter cutter(limits, kernel);
  std::vector<std::size_t> lengths{0};
  while (!bytes.empty()) {
    Bytes piece = bytes.first(std::min(bytes.size(), next_size()));
    const Cutter::Step step = cutter.next(piece);
    lengths.back() += step.taken_bytes;
    if (step.cut) lengths.push_back(0);
    bytes = bytes.subspan(step.taken_bytes);
  }
  return lengths;
}

std::vector<std::size_t> chunk_lengths(Bytes bytes, ChunkLimits limits, Kernel kernel = Kernel::kFastest) {
  return chunk_lengths(bytes, limits, kernel, [&] { return bytes.size(); });
}

std::vector<std::byte> text_bytes(std::size_t count) {
  const std::vector<std::string> words = {"the ",   "mill ", "turns ", "water ", "into ",
                                          "work, ", "and ",  "a ",     "race.\n"};
  std::mt19937_64 random(3);
  std::string text;
  while (text.size() < count) text += words[random() % words.size()];
  std::vector<std::byte> bytes(count);
  std::memcpy(bytes.data(), text.data(), count);
  return bytes;
}

// Every fourth window passes the filter.
std::vector<std::byte> bytes_full_of_candidates(std::size_t count) {
  std::uint32_t word = 1;
  while (word * 0x9E3779B1U < 0xFFC00000U) ++word;
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i + sizeof(word) <= count; i += sizeof(word)) std::memcpy(&bytes[i], &word, sizeof(word));
  return bytes;
}

TEST(Cutter, KeepsEveryChunkWithinTheLimits) {
  const auto bytes = random_bytes(std::size_t{4} << 20, 1);
  const auto lengths = chunk_lengths(bytes, kSmall);
  for (std::size_t i = 0; i + 1 < lengths.size(); ++i) {
    EXPECT_GE(lengths[i], kSmall.min_bytes);
    EXPECT_LE(lengths[i], kSmall.max_bytes);
  }
  EXPECT_LE(lengths.back(), kSmall.max_bytes);
}

TEST(Cutter, MeetsTheAverageOnRandomBytes) {
  const auto bytes = random_bytes(std::size_t{16} << 20, 2);
  const double mean_bytes =
      static_cast<double>(bytes.size()) / static_cast<double>(chunk_lengths(bytes, kSmall).size());
  EXPECT_NEAR(mean_bytes, kSmall.average_bytes, 0.1 * kSmall.average_bytes);
}

TEST(Cutter, CutsTextNearTheAverageToo) {
  const auto bytes = text_bytes(std::size_t{8} << 20);
  const double mean_bytes =
      static_cast<double>(bytes.size()) / static_cast<double>(chunk_lengths(bytes, kSmall).size());
  EXPECT_GT(mean_bytes, kSmall.min_bytes);
  EXPECT_LT(mean_bytes, kSmall.max_bytes);
}

TEST(Cutter, CutsAreTheSameHoweverTheInputIsSplit) {
  for (const auto& bytes : {random_bytes(1 << 20, 4), text_bytes(1 << 20), bytes_full_of_candidates(1 << 20)}) {
    const auto whole = chunk_lengths(bytes, kSmall);
    for (const Kernel kernel : {Kernel::kFastest, Kernel::kPortable}) {
      EXPECT_EQ(chunk_lengths(bytes, kSmall, kernel, [] { return std::size_t{1}; }), whole);
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        PieceSizes sizes(40000, seed);
        EXPECT_EQ(chunk_lengths(bytes, kSmall, kernel, [&] { return sizes.next(); }), whole) << "seed " << seed;
      }
    }
  }
}

TEST(Cutter, KernelsAgreeAtTheLimitsOfProduction) {
  const auto bytes = random_bytes(std::size_t{12} << 20, 5);
  EXPECT_EQ(chunk_lengths(bytes, ChunkLimits{}, Kernel::kFastest),
            chunk_lengths(bytes, ChunkLimits{}, Kernel::kPortable));
}

TEST(Cutter, EndsZerosAtTheMaximum) {
  const std::vector<std::byte> zeros(3 * kSmall.max_bytes);
  const std::vector<std::size_t> expected = {kSmall.max_bytes, kSmall.max_bytes, kSmall.max_bytes, 0};
  EXPECT_EQ(chunk_lengths(zeros, kSmall), expected);
}

TEST(Cutter, BoundaryDependsOnNothingBeforeTheLastWindow) {
  auto bytes = random_bytes(1 << 20, 6);
  const std::size_t first = chunk_lengths(bytes, kSmall).front();
  for (std::size_t i = 0; i < kSmall.min_bytes - 64; ++i) bytes[i] ^= std::byte{0xFF};
  EXPECT_EQ(chunk_lengths(bytes, kSmall).front(), first);
}

TEST(Cutter, AnEarlyCutBeginsANewChunk) {
  const auto bytes = random_bytes(1 << 20, 7);
  Cutter cutter(kSmall);
  cutter.next(Bytes(bytes).first(1000));
  cutter.reset();
  EXPECT_EQ(cutter.chunk_bytes(), 0u);
  EXPECT_EQ(cutter.next(bytes).taken_bytes, chunk_lengths(bytes, kSmall).front());
}

TEST(Cutter, RaisesLimitsThatMakeNoSense) {
  const auto bytes = random_bytes(100000, 8);
  for (const std::size_t length : chunk_lengths(bytes, ChunkLimits{0, 0, 0})) EXPECT_LE(length, 64u);
}

using Chunks = std::set<Hash128>;

Chunks chunk_hashes(Bytes bytes, const HashSecret& secret) {
  Chunks hashes;
  std::size_t begin = 0;
  for (const std::size_t length : chunk_lengths(bytes, kSmall)) {
    hashes.insert(hash_of(secret, bytes.subspan(begin, length)));
    begin += length;
  }
  return hashes;
}

std::size_t bytes_found_again(Bytes bytes, const Chunks& known, const HashSecret& secret) {
  std::size_t found = 0;
  std::size_t begin = 0;
  for (const std::size_t length : chunk_lengths(bytes, kSmall)) {
    if (known.contains(hash_of(secret, bytes.subspan(begin, length)))) found += length;
    begin += length;
  }
  return found;
}

TEST(Cutter, AShiftedAndEditedCopyFindsItsChunksAgain) {
  constexpr std::size_t kInputBytes = std::size_t{16} << 20;
  constexpr std::size_t kShiftBytes = 12345;
  HashSecret secret;
  std::ranges::copy(random_bytes(secret.size(), 9), secret.begin());
  const auto original = random_bytes(kInputBytes, 10);
  auto copy = random_bytes(kShiftBytes, 11);
  copy.insert(copy.end(), original.begin(), original.end());
  std::mt19937_64 random(12);
  for (int edit = 0; edit < 20; ++edit) copy[random() % copy.size()] ^= std::byte{1};
  EXPECT_GE(bytes_found_again(copy, chunk_hashes(original, secret), secret), kInputBytes * 95 / 100);
}

}  // namespace
}  // namespace millrace::store
