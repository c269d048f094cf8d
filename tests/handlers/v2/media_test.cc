#include "handlers/v2/media.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;

class MediaV2 : public testing::Test {
 protected:
  MediaV2() : content_("0123456789"), id_(door_.ingest(content_)), path_("/v2/media/" + id_) {}
  Reply original(std::vector<std::pair<std::string, std::string>> fields, const std::string& method = "GET") {
    return door_.call(method, path_ + "/original", {}, std::move(fields));
  }

  House door_;
  const std::string content_;
  const std::string id_;
  const std::string path_;
};

TEST_F(MediaV2, IsShownAndListed) {
  const Reply one = door_.call("GET", path_);
  EXPECT_EQ(one.at("data.size"), "10");
  EXPECT_EQ(one.at("data.originalUrl"), "http://media.example:8080" + path_ + "/original");
  EXPECT_EQ(door_.call("GET", "/v2/media").at("data.total"), "1");
  EXPECT_EQ(door_.call("GET", "/v2/media/absent").status, 404);
}

TEST_F(MediaV2, IsPatched) {
  const Reply patched = door_.call("PATCH", path_, R"({"title":"Ünicode","metadata":{"a":"b"}})");
  EXPECT_EQ(patched.at("data.title"), "Ünicode");
  EXPECT_EQ(door_.call("GET", path_).at("data.metadata.a"), "b");
  EXPECT_EQ(door_.call("PATCH", path_, R"({"title":5})").status, 400);
}

TEST_F(MediaV2, IsDeletedSoftlyAndRecovered) {
  EXPECT_EQ(original({}).status, 200);
  EXPECT_EQ(door_.call("DELETE", path_).at("data.status"), "softDeleted");
  EXPECT_EQ(original({}).status, 404);
  EXPECT_EQ(door_.call("POST", path_ + "/recover").status, 200);
  EXPECT_EQ(original({}).body, content_);
  EXPECT_EQ(door_.call("POST", path_ + "/recover").status, 409);
  EXPECT_EQ(door_.call("DELETE", path_ + "?hard=maybe").status, 400);
  EXPECT_EQ(door_.call("DELETE", path_ + "?hard=true").status, 200);
  EXPECT_EQ(door_.call("GET", path_).status, 404);
}

TEST_F(MediaV2, ProcessingIsCancelledOnceAndCanBeginAgain) {
  const Reply cancelled = door_.call("POST", path_ + "/cancel");
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_EQ(cancelled.at("data.status"), "errored");
  EXPECT_EQ(cancelled.at("data.error"), "processing was cancelled");
  const Reply again = door_.call("POST", path_ + "/cancel");
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.body, HasSubstr("the media is errored"));
  EXPECT_EQ(door_.call("GET", "/api/client/v1/videos/" + id_).at("data.status"), "7");
  EXPECT_EQ(door_.call("GET", "/assets/" + id_).at("status"), "errored");
  EXPECT_EQ(door_.call("POST", path_ + "/reprocess").at("data.status"), "preparing");
  EXPECT_EQ(door_.call("DELETE", path_).status, 200);
  const Reply deleted = door_.call("POST", path_ + "/cancel");
  EXPECT_EQ(deleted.status, 409);
  EXPECT_THAT(deleted.body, HasSubstr("the media is deleted"));
  EXPECT_EQ(door_.call("POST", "/v2/media/absent/cancel").status, 404);
  EXPECT_EQ(door_.ask({.method = "POST", .target = path_ + "/cancel"}).status, 401);
}

TEST_F(MediaV2, IsNotThereWhenDeletedWhileItIsRead) {
  door_.store.before_read([this] { std::thread([this] { door_.call("DELETE", path_ + "?hard=true"); }).join(); });
  const Reply gone = original({});
  EXPECT_EQ(gone.status, 404);
  EXPECT_THAT(gone.body, HasSubstr("no such media"));
}

TEST_F(MediaV2, AsksForMoreTranscriptLanguages) {
  door_.call("PATCH", path_, R"({"transcriptLanguageCodes":["en"]})");
  const Reply reply = door_.call("PUT", path_ + "/metadata", R"({"transcriptLanguageCodes":["de","en"]})");
  EXPECT_THAT(reply.body, HasSubstr(R"("transcriptLanguageCodes":["en","de"])"));
  EXPECT_EQ(door_.call("GET", path_ + "/metadata").status, 200);
}

TEST_F(MediaV2, LanguagesAskedForAtOnceAllStay) {
  door_.store.before_commit([&] {
    std::thread([&] { door_.call("PUT", path_ + "/metadata", R"({"transcriptLanguageCodes":["de","fr"]})"); }).join();
  });
  const Reply reply = door_.call("PUT", path_ + "/metadata", R"({"transcriptLanguageCodes":["en","de"]})");
  EXPECT_THAT(reply.body, HasSubstr(R"("transcriptLanguageCodes":["de","fr","en"])"));
}

TEST_F(MediaV2, TheOriginalIsServedWhole) {
  const Reply reply = original({});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, content_);
  EXPECT_EQ(reply.content_length, 10u);
  EXPECT_EQ(reply.field("accept-ranges"), "bytes");
  EXPECT_TRUE(reply.field("etag").starts_with('"'));
  EXPECT_THAT(reply.field("content-disposition"), HasSubstr("clip.mp4"));
  EXPECT_FALSE(reply.field("last-modified").empty());
  const Reply head = original({}, "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.content_length, 10u);
  EXPECT_EQ(head.body, "");
}

TEST_F(MediaV2, RangesOfTheOriginal) {
  struct Case {
    const char* range;
    int status;
    const char* body;
    const char* content_range;
  };
  const Case cases[] = {
      {"bytes=0-0", 206, "0", "bytes 0-0/10"},   {"bytes=3-5", 206, "345", "bytes 3-5/10"},
      {"bytes=7-", 206, "789", "bytes 7-9/10"},  {"bytes=-2", 206, "89", "bytes 8-9/10"},
      {"bytes=8-99", 206, "89", "bytes 8-9/10"}, {"bytes=-99", 206, "0123456789", "bytes 0-9/10"},
      {"bytes=10-", 416, nullptr, "bytes */10"}, {"bytes=-0", 416, nullptr, "bytes */10"},
      {"bytes=5-4", 200, "0123456789", ""},      {"lines=0-1", 200, "0123456789", ""},
  };
  for (const Case& each : cases) {
    const Reply reply = original({{"range", each.range}});
    EXPECT_EQ(reply.status, each.status) << each.range;
    EXPECT_EQ(reply.field("content-range"), each.content_range) << each.range;
    if (each.body) {
      EXPECT_EQ(reply.body, each.body) << each.range;
    }
  }
}

TEST_F(MediaV2, ConditionsOnTheOriginal) {
  const std::string etag = original({}).field("etag");
  EXPECT_EQ(original({{"if-none-match", etag}}).status, 304);
  EXPECT_EQ(original({{"if-none-match", "\"other\""}}).status, 200);
  EXPECT_EQ(original({{"if-match", "\"other\""}}).status, 412);
  EXPECT_EQ(original({{"if-range", etag}, {"range", "bytes=0-1"}}).status, 206);
  EXPECT_EQ(original({{"if-range", "\"other\""}, {"range", "bytes=0-1"}}).status, 200);
}

TEST(ChannelsV2, AreMadeAndListed) {
  House house;
  const Reply made = house.call("POST", "/v2/channels", R"({"name":"Second"})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.at("data.name"), "Second");
  EXPECT_EQ(house.call("GET", "/v2/channels").at("data.total"), "2");
  EXPECT_EQ(house.call("POST", "/v2/channels", "{}").status, 400);
  EXPECT_EQ(house.call("POST", "/v2/channels", R"({"name":5})").status, 400);
}

TEST(ChannelsV2, ABadNameIsNamedAsItWasSent) {
  House house;
  for (const std::string member : {"name", "title"}) {
    for (const std::string& text : {std::string(1025, 'x'), std::string(R"(a\u0000b)")}) {
      const Reply reply = house.call("POST", "/v2/channels", R"({")" + member + R"(":")" + text + R"("})");
      EXPECT_EQ(reply.status, 400) << reply.body;
      EXPECT_NE(reply.at("data." + member), "absent") << reply.body;
    }
  }
}

}  // namespace
}  // namespace millrace::handlers
