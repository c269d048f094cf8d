#include "media/buckets/bucket.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

TEST(BucketTest, names_follow_s3) {
  for (const char* name : {"abc", "a-b.c", "0ab", "my.bucket-7"}) EXPECT_TRUE(check_bucket_name(name)) << name;
  for (const char* name : {"", "ab", "Abc", "a_b", "-ab", "ab-", ".ab", "a..b", "a/b", "192.168.5.4", "a b"}) {
    EXPECT_FALSE(check_bucket_name(name)) << name;
  }
  EXPECT_TRUE(check_bucket_name(std::string(63, 'a')));
  EXPECT_EQ(check_bucket_name(std::string(64, 'a')).error().field, "bucket");
}

TEST(BucketTest, keys_are_utf8_of_1024_bytes) {
  for (const char* key : {"a", "/", "../..", "a//b", "\\", "ü/日本", "\x01"}) EXPECT_TRUE(check_object_key(key)) << key;
  EXPECT_TRUE(check_object_key(std::string(1024, 'k')));
  EXPECT_FALSE(check_object_key(std::string(1025, 'k')));
  EXPECT_FALSE(check_object_key(""));
  EXPECT_FALSE(check_object_key(std::string_view("a\0b", 3)));
  EXPECT_FALSE(check_object_key("\xc0\xaf")) << "overlong";
  EXPECT_FALSE(check_object_key("\xed\xa0\x80")) << "surrogate";
  EXPECT_EQ(check_object_key("\xff").error().field, "key");
}

TEST(BucketTest, headers_and_tags_are_bounded) {
  EXPECT_TRUE(check_headers({.content_type = "video/mp4", .metadata = {{"mtime", "1"}}}));
  EXPECT_FALSE(check_headers({.cache_control = "a\r\nb"}));
  EXPECT_FALSE(check_headers({.metadata = {{"a", std::string(2048, 'x')}}}));
  EXPECT_FALSE(check_headers({.metadata = {{"a", "b\n"}}}));
  EXPECT_FALSE(check_headers({.content_type = std::string(5000, 'x')}));
  Tags tags;
  for (char name = 'a'; name < 'k'; ++name) tags[std::string(1, name)] = "value";
  EXPECT_TRUE(check_tags(tags));
  tags["k"] = "one too many";
  EXPECT_EQ(check_tags(tags).error().field, "tags");
  std::string long_name;
  for (int i = 0; i < 128; ++i) long_name += "ü";
  EXPECT_TRUE(check_tags({{long_name, ""}}));
  EXPECT_FALSE(check_tags({{long_name + "x", ""}}));
  EXPECT_FALSE(check_tags({{"", "x"}}));
}

TEST(BucketTest, etag_is_an_md5_only_when_it_is_one) {
  EXPECT_EQ(etag_of(std::string(16, '\x0f'), 1, 2), "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f");
  EXPECT_EQ(etag_of({}, 0xab, 5), "00000000000000ab0000000000000005-1");
}

}  // namespace
}  // namespace millrace::media
