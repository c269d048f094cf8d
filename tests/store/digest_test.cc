#include "store/digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/store/random_bytes.h"

namespace millrace::store {
namespace {

using Bytes = std::span<const std::byte>;

const HashSecret& secret() {
  static const HashSecret bytes = [] {
    HashSecret drawn;
    std::ranges::copy(random_bytes(drawn.size(), 1), drawn.begin());
    return drawn;
  }();
  return bytes;
}

ChunkSummary expected_summary(Bytes bytes) {
  ChunkSummary summary{hash_of(secret(), bytes), crc32_update(0, bytes), crc64nvme_update(0, bytes), bytes.size(), {}};
  for (Bytes left = bytes; !left.empty();) {
    const Bytes block = left.first(std::min(left.size(), kChecksumBlockBytes));
    summary.block_crc32s.push_back(crc32_update(0, block));
    left = left.subspan(block.size());
  }
  return summary;
}

void feed(ChunkDigest& digest, Bytes bytes, std::uint64_t seed) {
  PieceSizes sizes(100000, seed);
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), sizes.next()));
    digest.update(piece);
    bytes = bytes.subspan(piece.size());
  }
}

TEST(ChunkDigest, SummarisesChunksOfAnyLengthInAnySplit) {
  for (const Kernel kernel : {Kernel::kFastest, Kernel::kPortable}) {
    ChunkDigest digest(secret(), kernel);
    for (const std::size_t count : {1, 100, 255, 256, 257, 65535, 65536, 65537, 131072, 300000}) {
      const auto bytes = random_bytes(count, count);
      const ChunkSummary expected = expected_summary(bytes);
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        feed(digest, bytes, seed);
        EXPECT_EQ(digest.finish(), expected) << count << " bytes, seed " << seed;
      }
    }
  }
}

TEST(ChunkDigest, NothingHasNoBlocks) {
  ChunkDigest digest(secret());
  EXPECT_EQ(digest.finish(), expected_summary({}));
}

}  // namespace
}  // namespace millrace::store
