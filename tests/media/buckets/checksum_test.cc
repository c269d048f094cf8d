#include "media/buckets/checksum.h"

#include <gtest/gtest.h>

#include "server/http/crypto.h"
#include "store/crc.h"

namespace millrace::media {
namespace {

using enum ChecksumAlgorithm;

std::string base64(const Checksum& checksum) { return http::base64(http::bytes_of(checksum.value)); }
std::uint32_t crc32(std::string_view text) { return store::crc32_update(0, http::bytes_of(text)); }

TEST(ChecksumTest, words_go_both_ways) {
  for (int i = 0; i <= static_cast<int>(kMd5); ++i) {
    const auto algorithm = static_cast<ChecksumAlgorithm>(i);
    EXPECT_EQ(parse_checksum_algorithm(word(algorithm)), algorithm);
    EXPECT_GE(digest_bytes(algorithm), 4u);
  }
  EXPECT_EQ(parse_checksum_algorithm("crc32c"), kCrc32c);
  EXPECT_EQ(parse_checksum_algorithm("crc32x"), std::nullopt);
  EXPECT_EQ(parse_checksum_algorithm(""), std::nullopt);
}

TEST(ChecksumTest, crcs_look_as_s3_shows_them) {
  EXPECT_EQ(base64(crc32_checksum(0xcbf43926)), "y/Q5Jg==") << "the check value of \"123456789\"";
  EXPECT_EQ(base64(crc64nvme_checksum(0xae8b14860a799888)), "rosUhgp5mIg=");
}

TEST(ChecksumTest, whole_is_combined_of_two) {
  const Checksum first = crc32_checksum(crc32("hello "));
  const Checksum second = crc32_checksum(crc32("world"));
  EXPECT_EQ(combine(kCrc32, first.value, second.value, 5), crc32_checksum(crc32("hello world")).value);
  EXPECT_NE(combine(kCrc32c, first.value, second.value, 5), combine(kCrc32, first.value, second.value, 5));
  const auto crc64 = [](std::string_view text) { return store::crc64nvme_update(0, http::bytes_of(text)); };
  EXPECT_EQ(combine(kCrc64Nvme, crc64nvme_checksum(crc64("a")).value, crc64nvme_checksum(crc64("b")).value, 1),
            crc64nvme_checksum(crc64("ab")).value);
}

}  // namespace
}  // namespace millrace::media
