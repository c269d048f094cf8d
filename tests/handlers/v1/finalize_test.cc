#include "handlers/v1/finalize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/handlers/forms.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

// As the contract lists them, in its order.
constexpr const char* kKeys[] = {"id",
                                 "title",
                                 "description",
                                 "thumbnail_url",
                                 "status",
                                 "progress",
                                 "transcode_attempts",
                                 "duration",
                                 "file_size_bytes",
                                 "video_codec",
                                 "fps",
                                 "source_url",
                                 "source_width",
                                 "source_height",
                                 "creator_username",
                                 "playback",
                                 "playback_ids",
                                 "policy",
                                 "passthrough",
                                 "ingest",
                                 "errors",
                                 "view_count",
                                 "tags",
                                 "created_at",
                                 "updated_at"};

constexpr const char* kBody = R"({"mime_type":"video/mp4","file_size_bytes":5})";

// Announces a file and sends it; its id.
std::string sent(House& house, const std::string& content = "bytes", const std::string& more = {}) {
  const Reply reply = house.call("POST", "/v1/uploads",
                                 R"({"filename":"a.mp4","mime_type":"video/quicktime","file_size_bytes":)" +
                                     std::to_string(content.size()) + more + "}");
  EXPECT_EQ(reply.status, 201) << reply.body;
  const std::string url = reply.at("upload_url");
  EXPECT_EQ(
      house.ask({.method = "PUT", .target = url.substr(url.find('/', url.find("//") + 2)), .body = content}).status,
      200);
  return reply.at("id");
}

Reply finalize(House& house, const std::string& id, const std::string& body = kBody) {
  return house.call("POST", "/v1/uploads/" + id + "/finalize", body);
}

TEST(FinalizeV1, AnswersTheVideoWithEveryKey) {
  House house;
  const std::string id = sent(house, "bytes", R"(,"title":"T","policy":"signed","passthrough":"p")");
  EXPECT_THAT(id, MatchesRegex("up_[0-9a-f]{20}"));
  const Reply reply = finalize(house, id);
  ASSERT_EQ(reply.status, 200) << reply.body;
  for (const char* key : kKeys) EXPECT_NE(reply.at(key), "absent") << key;
  for (const char* key : {"hls", "dash", "mp4"}) EXPECT_NE(reply.at(std::string("playback.") + key), "absent") << key;
  EXPECT_EQ(reply.at("id"), "vid_" + id.substr(3));
  EXPECT_EQ(reply.at("title"), "T");
  EXPECT_EQ(reply.at("description"), "null");
  EXPECT_EQ(reply.at("status"), "preparing");
  EXPECT_EQ(reply.at("progress"), "0");
  EXPECT_EQ(reply.at("file_size_bytes"), "5");
  EXPECT_EQ(reply.at("policy"), "signed");
  EXPECT_EQ(reply.at("passthrough"), "p");
  EXPECT_EQ(reply.at("ingest.kind"), "direct_upload");
  EXPECT_EQ(reply.at("errors"), "[]");
  EXPECT_EQ(reply.at("tags"), "[]");
  EXPECT_THAT(reply.at("playback_ids"), HasSubstr("\"id\":\"play_" + id.substr(3) + "\",\"policy\":\"signed\""));
  const Reply listed = house.call("GET", "/v2/media");
  EXPECT_EQ(listed.at("data.total"), "1");
  EXPECT_EQ(first(listed.body, "contentType"), "\"video/mp4\"");
}

TEST(FinalizeV1, ARepeatAnswersTheSameAndQueuesNothing) {
  House house;
  const std::string id = sent(house);
  const Reply reply = finalize(house, id);
  const std::size_t jobs = house.store.records("m/job/");
  const Reply again = finalize(house, id, R"({"mime_type":"audio/mpeg","file_size_bytes":7})");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, reply.body);
  EXPECT_EQ(house.store.records("m/job/"), jobs);
  EXPECT_EQ(jobs, 1U);
}

rt::Task<int> answered(Gateway& gateway, http::Exchange& exchange) {
  const http::Response response = co_await gateway.answer(exchange);
  co_return response.status;
}

class Direct final : public http::Exchange {
 public:
  void inform(int, const http::Fields&) override {}
};

TEST(FinalizeV1, ManyAtOnceMakeOneVideo) {
  House house;
  const std::string id = sent(house);
  int good = 0;
  const auto one = [&]() -> rt::Task<void> {
    Direct exchange;
    exchange.request.method = http::Method::kPost;
    exchange.request.target = "/v1/uploads/" + id + "/finalize";
    exchange.request.fields.add("authorization", "Bearer " + house.admin.bearer);
    exchange.body.open(nullptr, std::string_view(kBody).size());
    exchange.body.push(rt::Slice::copy_of(std::string_view(kBody)));
    exchange.body.end();
    if (co_await answered(*house.gateway, exchange) == 200) ++good;
  };
  const auto all = [&]() -> rt::Task<int> {
    rt::Scope scope;
    for (int i = 0; i < 20; ++i) scope.spawn(one());
    co_await scope.join();
    co_return good;
  };
  EXPECT_EQ(rt::run_until_done(all()), 20);
  EXPECT_EQ(house.call("GET", "/v2/media").at("data.total"), "1");
  EXPECT_EQ(house.store.records("m/job/"), 1U);
}

TEST(FinalizeV1, NamesWhatIsWrong) {
  struct Case {
    const char* body;
    const char* param;
  };
  const Case cases[] = {
      {"{}", "mime_type"},
      {R"({"mime_type":"image/png","file_size_bytes":5})", "mime_type"},
      {R"({"mime_type":"video/","file_size_bytes":5})", "mime_type"},
      {R"({"mime_type":"video/a b","file_size_bytes":5})", "mime_type"},
      {R"({"mime_type":"video/mp4"})", "file_size_bytes"},
      {R"({"mime_type":"video/mp4","file_size_bytes":0})", "file_size_bytes"},
      {R"({"mime_type":"video/mp4","file_size_bytes":"5"})", "file_size_bytes"},
      {R"({"mime_type":"video/mp4","file_size_bytes":6})", "file_size_bytes"},
      {R"({"mime_type":"video/mp4","file_size_bytes":5,"source_width":0})", "source_width"},
      {R"({"mime_type":"video/mp4","file_size_bytes":5,"source_height":16385})", "source_height"},
      {R"({"mime_type":"video/mp4","file_size_bytes":5,"duration_secs":"x"})", "duration_secs"},
      {R"({"mime_type":"video/mp4","file_size_bytes":5,"parts":{}})", "parts"},
      {R"({"mime_type":"video/mp4","file_size_bytes":5,"parts":[{"partNumber":0,"etag":"a"}]})", "parts[0].partNumber"},
      {R"({"mime_type":"video/mp4","file_size_bytes":5,"parts":[{"partNumber":1,"etag":""}]})", "parts[0].etag"},
      {R"({"mime_type":"video/mp4","file_size_bytes":5,"upload_id":"x","parts":[{"partNumber":1,"etag":"a"}]})",
       "parts"},
  };
  House house;
  const std::string id = sent(house);
  for (const Case& each : cases) {
    const Reply reply = finalize(house, id, each.body);
    EXPECT_EQ(reply.status, 400) << each.body << reply.body;
    EXPECT_EQ(reply.at("error.type"), "invalid_request_error");
    EXPECT_EQ(reply.at("error.param"), each.param) << reply.body;
    EXPECT_EQ(reply.at("error.request_id"), "made-here");
  }
  EXPECT_EQ(finalize(house, id, R"({"mime_type":"VIDEO/X-matroska","file_size_bytes":5})").status, 200);
}

TEST(FinalizeV1, NeedsTheBytesAndAnUpload) {
  House house;
  const Reply announced =
      house.call("POST", "/v1/uploads", R"({"filename":"a","mime_type":"video/mp4","file_size_bytes":5})");
  const Reply early = finalize(house, announced.at("id"));
  EXPECT_EQ(early.status, 400);
  EXPECT_EQ(early.at("error.code"), "upload_not_ready");
  for (const char* id : {"up_00000000000000000000", "up_xyz", "vid_00000000000000000000", "up_"}) {
    const Reply reply = finalize(house, id);
    EXPECT_EQ(reply.status, 404) << id;
    EXPECT_EQ(reply.at("error.type"), "not_found");
  }
  const Reply nobody = house.ask({.method = "POST", .target = "/v1/uploads/up_1/finalize"});
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(nobody.at("error.type"), "authentication_error");
}

TEST(FinalizeV1, SigningManyAddressesLetsOthersHaveTheirTurn) {
  House house;
  const auto turns = [&house](const std::string& bytes) {
    const Reply reply = house.ask({.method = "POST",
                                   .target = "/v1/uploads",
                                   .body = R"({"filename":"a.mp4","mime_type":"video/mp4","multipart":true,)"
                                           R"("file_size_bytes":)" +
                                           bytes + "}",
                                   .fields = {{"content-type", "application/json"}},
                                   .key = house.admin.bearer,
                                   .counts_turns = true});
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.turns;
  };
  EXPECT_GT(turns("5000000000000"), turns("5") + 100);
}

TEST(FinalizeV1, JoinsThePartsOfAMultipartUpload) {
  House house;
  const Reply upload = house.call(
      "POST", "/v1/uploads", R"({"filename":"a b.mp4","mime_type":"video/mp4","file_size_bytes":5,"multipart":true})");
  ASSERT_EQ(upload.status, 201) << upload.body;
  EXPECT_EQ(upload.at("part_size"), "8388608");
  EXPECT_EQ(first(upload.body, "partNumber"), "1");
  EXPECT_EQ(upload.body.find("\"partNumber\":2"), std::string::npos);
  std::string url = first(upload.body, "url");
  url = url.substr(1, url.size() - 2);
  const Reply part =
      house.ask({.method = "PUT", .target = url.substr(url.find('/', url.find("//") + 2)), .body = "bytes"});
  ASSERT_EQ(part.status, 200) << part.body;
  const auto body = [&](const std::string& id, const std::string& etag) {
    return R"({"mime_type":"video/mp4","file_size_bytes":5,"upload_id":")" + id +
           R"(","parts":[{"partNumber":1,"etag":")" + etag + "\"}]}";
  };
  std::string etag = part.field("etag");
  etag = etag.substr(1, etag.size() - 2);
  EXPECT_EQ(finalize(house, upload.at("id"), kBody).at("error.param"), "upload_id");
  EXPECT_EQ(finalize(house, upload.at("id"), body("nothing", etag)).at("error.param"), "upload_id");
  EXPECT_EQ(finalize(house, upload.at("id"), body(upload.at("upload_id"), "wrong")).at("error.param"), "parts");
  const Reply video = finalize(house, upload.at("id"), body(upload.at("upload_id"), "\\\"" + etag + "\\\""));
  ASSERT_EQ(video.status, 200) << video.body;
  EXPECT_EQ(video.at("id"), "vid_" + upload.at("id").substr(3));
  EXPECT_EQ(video.at("file_size_bytes"), "5");
  EXPECT_EQ(finalize(house, upload.at("id"), body(upload.at("upload_id"), etag)).body, video.body);
  EXPECT_EQ(house.store.records("m/job/"), 1U);
}

TEST(UploadsV1, NamesWhatIsWrong) {
  struct Case {
    const char* body;
    int status;
    const char* param;
  };
  const Case cases[] = {
      {R"({"mime_type":"video/mp4","file_size_bytes":5})", 400, "filename"},
      {R"({"filename":"a","file_size_bytes":5})", 400, "mime_type"},
      {R"({"filename":"a","mime_type":"text/html","file_size_bytes":5})", 400, "mime_type"},
      {R"({"filename":"a","mime_type":"video/mp4"})", 400, "file_size_bytes"},
      {R"({"filename":"a","mime_type":"video/mp4","file_size_bytes":0})", 400, "file_size_bytes"},
      {R"({"filename":"a","mime_type":"video/mp4","file_size_bytes":9999999999999999})", 413, "file_size_bytes"},
      {R"({"filename":"a","mime_type":"video/mp4","file_size_bytes":5,"policy":"open"})", 400, "policy"},
      {R"({"filename":"a\u0001","mime_type":"video/mp4","file_size_bytes":5})", 400, "filename"},
      {R"({"filename":"a","mime_type":"video/mp4","file_size_bytes":5,"multipart":"yes"})", 400, "multipart"},
  };
  House house;
  for (const Case& each : cases) {
    const Reply reply = house.call("POST", "/v1/uploads", each.body);
    EXPECT_EQ(reply.status, each.status) << each.body << reply.body;
    EXPECT_EQ(reply.at("error.param"), each.param) << reply.body;
  }
}

}  // namespace
}  // namespace millrace::handlers
