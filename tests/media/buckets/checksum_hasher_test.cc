// Checked against the published check values of each algorithm (of "123456789") and against boto3's.
#include "media/buckets/checksum_hasher.h"

#include <gtest/gtest.h>

#include "server/http/crypto.h"

namespace millrace::media {
namespace {

using Algorithm = ChecksumAlgorithm;

std::string hex_of(Algorithm algorithm, std::string_view text) {
  return http::hex(http::bytes_of(checksum_of(algorithm, http::bytes_of(text))));
}

TEST(ChecksumHasher, gives_the_published_check_values) {
  constexpr std::string_view kCheck = "123456789";
  EXPECT_EQ(hex_of(Algorithm::kCrc32, kCheck), "cbf43926");
  EXPECT_EQ(hex_of(Algorithm::kCrc32c, kCheck), "e3069283");
  EXPECT_EQ(hex_of(Algorithm::kCrc64Nvme, kCheck), "ae8b14860a799888");
  EXPECT_EQ(hex_of(Algorithm::kSha1, kCheck), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
  EXPECT_EQ(hex_of(Algorithm::kSha256, kCheck), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
  EXPECT_EQ(hex_of(Algorithm::kXxhash64, ""), "ef46db3751d8e999");
  EXPECT_EQ(hex_of(Algorithm::kXxhash3, ""), "2d06800538d394c2");
  EXPECT_EQ(hex_of(Algorithm::kXxhash128, ""), "99aa06d3014798d86001c324468d497f");
}

TEST(ChecksumHasher, does_not_depend_on_the_pieces) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>(i * 31 % 251);
  for (const Algorithm algorithm :
       {Algorithm::kCrc32, Algorithm::kCrc32c, Algorithm::kCrc64Nvme, Algorithm::kSha1, Algorithm::kSha256,
        Algorithm::kXxhash64, Algorithm::kXxhash3, Algorithm::kXxhash128, Algorithm::kMd5}) {
    ChecksumHasher hasher(algorithm);
    for (std::size_t at = 0; at < text.size(); at += 77) {
      hasher.update(http::bytes_of(std::string_view(text).substr(at, 77)));
    }
    const std::string whole = hasher.finish();
    EXPECT_EQ(whole, checksum_of(algorithm, http::bytes_of(text))) << word(algorithm);
    EXPECT_EQ(whole.size(), digest_bytes(algorithm));
  }
}

}  // namespace
}  // namespace millrace::media
