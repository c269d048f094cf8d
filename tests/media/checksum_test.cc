// Checked against the published check values of each algorithm (of "123456789") and against boto3's.
#include "media/checksum.h"

#include <gtest/gtest.h>

#include "server/http/crypto.h"

namespace millrace::media {
namespace {

using Algorithm = ChecksumAlgorithm;

std::string hex_of(Algorithm algorithm, std::string_view text) {
  return http::hex(http::bytes_of(checksum_of(algorithm, http::bytes_of(text))));
}

TEST(Checksum, gives_the_published_check_values) {
  constexpr std::string_view kCheck = "123456789";
  EXPECT_EQ(hex_of(Algorithm::kCrc32, kCheck), "cbf43926");
  EXPECT_EQ(hex_of(Algorithm::kCrc32c, kCheck), "e3069283");
  EXPECT_EQ(hex_of(Algorithm::kCrc64nvme, kCheck), "ae8b14860a799888");
  EXPECT_EQ(hex_of(Algorithm::kSha1, kCheck), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
  EXPECT_EQ(hex_of(Algorithm::kSha256, kCheck), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
  EXPECT_EQ(hex_of(Algorithm::kXxhash64, ""), "ef46db3751d8e999");
  EXPECT_EQ(hex_of(Algorithm::kXxhash3, ""), "2d06800538d394c2");
  EXPECT_EQ(hex_of(Algorithm::kXxhash128, ""), "99aa06d3014798d86001c324468d497f");
}

TEST(Checksum, does_not_depend_on_the_pieces) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>(i * 31 % 251);
  for (const Algorithm algorithm : checksum_algorithms()) {
    ChecksumHasher hasher(algorithm);
    for (std::size_t at = 0; at < text.size(); at += 77) {
      hasher.update(http::bytes_of(std::string_view(text).substr(at, 77)));
    }
    const std::string whole = hasher.finish();
    EXPECT_EQ(whole, checksum_of(algorithm, http::bytes_of(text))) << word(algorithm);
    EXPECT_EQ(whole.size(), checksum_bytes(algorithm));
  }
}

TEST(Checksum, combines_what_can_be_combined) {
  const std::string first = "the first part, ";
  const std::string second = "and what follows";
  for (const Algorithm algorithm : checksum_algorithms()) {
    if (!is_combinable(algorithm)) continue;
    const auto of = [&](const std::string& text) { return checksum_of(algorithm, http::bytes_of(text)); };
    EXPECT_EQ(combine_checksums(algorithm, of(first), of(second), second.size()), of(first + second));
  }
}

TEST(Checksum, knows_its_words) {
  for (const Algorithm algorithm : checksum_algorithms())
    EXPECT_EQ(parse_checksum_algorithm(word(algorithm)), algorithm);
  EXPECT_EQ(parse_checksum_algorithm("crc64nvme"), Algorithm::kCrc64nvme);
  EXPECT_EQ(parse_checksum_algorithm("CRC33"), std::nullopt);
}

}  // namespace
}  // namespace millrace::media
