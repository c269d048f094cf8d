#include "media/checksum.h"

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
  EXPECT_EQ(parse_checksum_algorithm("crc32"), std::nullopt);
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

TEST(ChecksumTest, composites_are_of_the_values) {
  EXPECT_EQ(composite_checksum(kCrc32, "123456789")->value, crc32_checksum(0xcbf43926).value);
  EXPECT_EQ(composite_checksum(kCrc32c, "123456789")->value, std::string("\xe3\x06\x92\x83"));
  EXPECT_EQ(composite_checksum(kSha1, "abc")->value.size(), 20u);
  EXPECT_EQ(http::hex(http::bytes_of(composite_checksum(kSha256, "abc")->value)).substr(0, 8), "ba7816bf");
  EXPECT_TRUE(composite_checksum(kSha256, "abc")->composite);
  EXPECT_FALSE(composite_checksum(kCrc64Nvme, "abc"));
}

}  // namespace
}  // namespace millrace::media
