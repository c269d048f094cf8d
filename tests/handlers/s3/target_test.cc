#include "handlers/s3/target.h"

#include <gtest/gtest.h>

namespace millrace::handlers::s3 {
namespace {

// "bucket|key", or the code of the refusal.
std::string of(const std::string& target, const std::string& authority = "media.example:8080") {
  Settings settings;
  settings.s3_hosts = {"s3-media.example"};
  http::Request request;
  request.target = target;
  request.authority = authority;
  const auto read = read_target(settings, request);
  return read ? read->bucket + "|" + read->key : read.error().code;
}

std::string source(std::string_view field) {
  const auto read = read_copy_source(field);
  return read ? read->bucket + "|" + read->key : read.error().code;
}

TEST(Target, finds_bucket_and_key_in_the_path) {
  EXPECT_EQ(of("/"), "|");
  EXPECT_EQ(of("/b"), "b|");
  EXPECT_EQ(of("/b/"), "b|");
  EXPECT_EQ(of("/b/a/c%20d%2Fe?x=1"), "b|a/c d/e");
  EXPECT_EQ(of("/b//a"), "b|/a");
  EXPECT_EQ(of("/b/a+b"), "b|a+b");
  EXPECT_EQ(of("/b/../%2e%2e/x\\y"), "b|../../x\\y");
}

TEST(Target, finds_the_bucket_in_the_host) {
  EXPECT_EQ(of("/a/b", "bucket.s3-media.example:443"), "bucket|a/b");
  EXPECT_EQ(of("/", "my.bucket.s3-media.example"), "my.bucket|");
  EXPECT_EQ(of("/a", "bucket.s3.elsewhere.example"), "bucket|a");
  EXPECT_EQ(of("/a", "bucket.localhost:8080"), "bucket|a");
  EXPECT_EQ(of("/a", "bucket.s3.localhost:8080"), "bucket|a");
  EXPECT_EQ(of("/a/b", "s3.localhost:8080"), "a|b");
  EXPECT_EQ(of("/a/b", "localhost:8080"), "a|b");
  EXPECT_EQ(of("/a/b", "s3-media.example"), "a|b");
  EXPECT_EQ(of("/a/b", "[::1]:8080"), "a|b");
}

TEST(Target, refuses_what_cannot_be_meant) {
  EXPECT_EQ(of("/b/%zz"), "InvalidURI");
  EXPECT_EQ(of("/b/a?x=%"), "InvalidURI");
  EXPECT_EQ(of("/b/" + std::string(1024, 'k')), "b|" + std::string(1024, 'k'));
  EXPECT_EQ(of("/b/" + std::string(1025, 'k')), "KeyTooLongError");
  EXPECT_EQ(of("/b/a?versionId=null"), "b|a");
  EXPECT_EQ(of("/b/a?versionId=3"), "NoSuchVersion");
}

TEST(Target, reads_the_source_of_a_copy) {
  EXPECT_EQ(source("/b/a%20b/c"), "b|a b/c");
  EXPECT_EQ(source("b/c?versionId=null"), "b|c");
  EXPECT_EQ(source("b%2Fc%3Fd"), "b|c?d");
  EXPECT_EQ(source("b"), "InvalidArgument");
  EXPECT_EQ(source("b/"), "InvalidArgument");
  EXPECT_EQ(source("b/%q"), "InvalidURI");
}

}  // namespace
}  // namespace millrace::handlers::s3
