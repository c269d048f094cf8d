// Copies: what is known is not read, and what has to be read ends with the one who asked.
#include "handlers/s3/copies.h"

#include "media/buckets/checksum_hasher.h"
#include "tests/handlers/s3/s3_door.h"

namespace millrace::handlers {
namespace {

class S3Copies : public S3Door {
 protected:
  void put(const std::string& content, Fields fields = {}) {
    EXPECT_EQ(send("PUT", "/bucket").status, 200);
    EXPECT_EQ(send("PUT", "/bucket/a", content, std::move(fields)).status, 200);
  }
  static std::string sha1(const std::string& content) {
    return http::base64(http::bytes_of(media::checksum_of(media::ChecksumAlgorithm::kSha1, http::bytes_of(content))));
  }
};

TEST_F(S3Copies, what_is_known_is_not_read) {
  put("hello", {{"x-amz-checksum-sha1", sha1("hello")}});
  const Reply copied = copy("/bucket/b", "/bucket/a");
  EXPECT_EQ(copied.status, 200) << copied.body;
  EXPECT_TRUE(copied.body.contains(sha1("hello"))) << copied.body;
  for (const char* algorithm : {"SHA1", "CRC32", "CRC64NVME"}) {
    EXPECT_EQ(copy("/bucket/c", "/bucket/a", {{"x-amz-checksum-algorithm", algorithm}}).status, 200);
  }
  EXPECT_EQ(house.store.reads(), 0U);
  EXPECT_EQ(send("GET", "/bucket/b").body, "hello");
}

TEST_F(S3Copies, a_new_checksum_is_read) {
  put("hello");
  const Reply copied = copy("/bucket/b", "/bucket/a", {{"x-amz-checksum-algorithm", "SHA1"}});
  EXPECT_TRUE(copied.body.contains(sha1("hello"))) << copied.body;
  EXPECT_EQ(house.store.reads(), 1U);
}

TEST_F(S3Copies, reading_ends_with_the_one_who_asked) {
  put("hello");
  Ask ask{.method = "PUT",
          .target = "/bucket/b",
          .fields = {{"x-amz-copy-source", "/bucket/a"}, {"x-amz-checksum-algorithm", "SHA1"}},
          .peer_left = true};
  EXPECT_NE(send(ask).status, 200);
  EXPECT_EQ(send("GET", "/bucket/b").status, 404);
  ask.peer_left = false;
  house.services->draining = true;
  EXPECT_EQ(send(ask).status, 503);
  EXPECT_EQ(send("GET", "/bucket/b").status, 404);
  EXPECT_EQ(copy("/bucket/c", "/bucket/a").status, 200) << "nothing to read";
}

}  // namespace
}  // namespace millrace::handlers
