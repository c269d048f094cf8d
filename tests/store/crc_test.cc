#include "store/crc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "store/crc_kernels.h"
#include "tests/store/random_bytes.h"

namespace millrace::store {
namespace {

using Bytes = std::span<const std::byte>;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// The definition, one bit at a time.
template <typename Word>
Word bitwise(Bytes bytes, Word reflected_polynomial) {
  auto crc = static_cast<Word>(~Word{0});
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<Word>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ reflected_polynomial : crc >> 1;
  }
  return ~crc;
}

std::uint32_t reference_crc32(Bytes bytes) { return bitwise<std::uint32_t>(bytes, 0xEDB88320); }
std::uint32_t reference_crc32c(Bytes bytes) { return bitwise<std::uint32_t>(bytes, 0x82F63B78); }
std::uint64_t reference_crc64nvme(Bytes bytes) { return bitwise<std::uint64_t>(bytes, 0x9A6C9329AC4BC9B5); }

TEST(Crc, KnownValues) {
  for (const Kernel kernel : {Kernel::kFastest, Kernel::kPortable}) {
    EXPECT_EQ(crc32_update(0, bytes_of("123456789"), kernel), 0xCBF43926u);
    EXPECT_EQ(crc32c_update(0, bytes_of("123456789"), kernel), 0xE3069283u);
    EXPECT_EQ(crc64nvme_update(0, bytes_of("123456789"), kernel), 0xAE8B14860A799888u);
    EXPECT_EQ(crc32_update(0, {}, kernel), 0u);
    EXPECT_EQ(crc64nvme_update(0, {}, kernel), 0u);
  }
  const std::vector<std::byte> zeros(4096);
  EXPECT_EQ(crc64nvme_update(0, zeros), 0x6482D367EB22B64Eu);
  const std::vector<std::byte> ones(4096, std::byte{0xFF});
  EXPECT_EQ(crc64nvme_update(0, ones), 0xC0DDBA7302ECA3ACu);
}

TEST(Crc, EveryLengthAgreesWithTheDefinition) {
  const auto bytes = random_bytes(700, 1);
  for (std::size_t count = 0; count <= bytes.size(); ++count) {
    const Bytes part = Bytes(bytes).last(count);
    for (const Kernel kernel : {Kernel::kFastest, Kernel::kPortable}) {
      ASSERT_EQ(crc32_update(0, part, kernel), reference_crc32(part)) << count;
      ASSERT_EQ(crc32c_update(0, part, kernel), reference_crc32c(part)) << count;
      ASSERT_EQ(crc64nvme_update(0, part, kernel), reference_crc64nvme(part)) << count;
    }
  }
}

TEST(Crc, GoesOnFromPieceToPiece) {
  const auto bytes = random_bytes(200000, 2);
  for (const Kernel kernel : {Kernel::kFastest, Kernel::kPortable}) {
    PieceSizes sizes(30000, 3);
    Checksums both;
    std::uint32_t crc32c = 0;
    for (Bytes left = bytes; !left.empty();) {
      const Bytes piece = left.first(std::min(left.size(), sizes.next()));
      both.update(piece, kernel);
      crc32c = crc32c_update(crc32c, piece, kernel);
      left = left.subspan(piece.size());
    }
    EXPECT_EQ(both, (Checksums{reference_crc32(bytes), reference_crc64nvme(bytes)}));
    EXPECT_EQ(crc32c, reference_crc32c(bytes));
  }
}

TEST(Crc, CombineIsTheChecksumOfBothInARow) {
  const auto bytes = random_bytes(100000, 4);
  PieceSizes sizes(bytes.size(), 5);
  for (int i = 0; i < 200; ++i) {
    const std::size_t split = i == 0 ? 0 : i == 1 ? bytes.size() : sizes.next();
    const Bytes first = Bytes(bytes).first(split);
    const Bytes second = Bytes(bytes).subspan(split);
    EXPECT_EQ(crc32_combine(crc32_update(0, first), crc32_update(0, second), second.size()), crc32_update(0, bytes));
    EXPECT_EQ(crc32c_combine(crc32c_update(0, first), crc32c_update(0, second), second.size()),
              crc32c_update(0, bytes));
    EXPECT_EQ(crc64nvme_combine(crc64nvme_update(0, first), crc64nvme_update(0, second), second.size()),
              crc64nvme_update(0, bytes));
  }
}

// x^(8 * (2^32 - 1)) is 1 for CRC32's primitive polynomial.
TEST(Crc, CombineTakesLengthsBeyondFourGiB) {
  EXPECT_EQ(crc32_combine(0x12345678, 0, 0xFFFFFFFF), 0x12345678u);
  const std::uint64_t half = crc64nvme_combine(0x123456789ABCDEF0, 0, std::uint64_t{1} << 40);
  EXPECT_EQ(crc64nvme_combine(half, 0, std::uint64_t{1} << 40),
            crc64nvme_combine(0x123456789ABCDEF0, 0, std::uint64_t{1} << 41));
}

#if defined(__x86_64__)
// The processor that runs the tests may never choose these itself.
void expect_kernels_agree(const CrcKernels& kernels) {
  const auto bytes = random_bytes(5000, 6);
  std::uint64_t crc32 = 0xFFFFFFFF;
  std::uint64_t crc64nvme = ~std::uint64_t{0};
  const std::size_t done = kernels.both(bytes.data(), bytes.size(), crc32, crc64nvme);
  EXPECT_EQ(done, bytes.size() / 16 * 16);
  EXPECT_EQ(~static_cast<std::uint32_t>(crc32), reference_crc32(Bytes(bytes).first(done)));
  EXPECT_EQ(~crc64nvme, reference_crc64nvme(Bytes(bytes).first(done)));
}

TEST(Crc, EveryKernelThisProcessorRunsAgrees) {
  if (__builtin_cpu_supports("pclmul")) expect_kernels_agree(kPclmulKernels);
  if (__builtin_cpu_supports("vpclmulqdq")) expect_kernels_agree(kVpclmulKernels);
}
#endif

}  // namespace
}  // namespace millrace::store
