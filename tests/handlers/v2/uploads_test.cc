#include "handlers/v2/uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(UploadsV2, CreatesOneToPut) {
  House house;
  const Reply reply = house.call(
      "POST", "/v2/uploads",
      R"({"fileName":"clip.mp4","type":"put","fileSize":5,"contentType":"video/mp4","title":"T","metadata":{"a":"b"},"surprise":[1]})");
  ASSERT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(reply.at("status"), "success");
  EXPECT_EQ(reply.at("data.state"), "created");
  EXPECT_EQ(reply.at("data.fileName"), "clip.mp4");
  EXPECT_EQ(reply.at("data.type"), "put");
  EXPECT_EQ(reply.at("data.size"), "5");
  EXPECT_EQ(reply.at("data.metadata.a"), "b");
  EXPECT_EQ(reply.field("location"), "/v2/uploads/" + reply.at("data.id"));
  EXPECT_THAT(reply.at("data.input.url"), HasSubstr("http://media.example:8080/uploads/" + reply.at("data.id") + "?"));
  EXPECT_THAT(reply.at("data.input.url"), HasSubstr("X-Amz-Signature="));
  EXPECT_THAT(reply.at("data.createdAt"), MatchesRegex("....-..-..T..:..:......Z"));
}

TEST(UploadsV2, DefaultHandsOutS3CredentialsForOneKey) {
  House house;
  const Reply made = house.call("POST", "/v2/uploads", R"({"fileName":"clip.mp4","fileSize":104857600000})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id = made.at("data.id");
  EXPECT_EQ(made.at("data.type"), "multipart");
  EXPECT_EQ(made.at("data.input.endpoint"), "http://media.example:8080");
  EXPECT_EQ(made.at("data.input.region"), "us-east-1");
  EXPECT_EQ(made.at("data.input.bucket"), "uploads");
  EXPECT_EQ(made.at("data.input.key"), id + "/clip.mp4");
  EXPECT_EQ(made.at("data.input.expires"), made.at("data.expiresAt"));
  EXPECT_EQ(made.at("data.input.partSize"), std::to_string(10 << 20));
  const auto access =
      house.tenants->upload_access(made.at("data.input.accessKeyId"), made.at("data.input.sessionToken"));
  ASSERT_TRUE(access);
  EXPECT_EQ(access->secret, made.at("data.input.secretAccessKey"));
  EXPECT_EQ(access->upload_id, id);
  const Reply again = house.call("GET", "/v2/uploads/" + id);
  EXPECT_EQ(again.at("data.input.sessionToken"), made.at("data.input.sessionToken"));
  EXPECT_EQ(house.call("POST", "/v2/uploads/" + id + "/complete").status, 409);
  house.call("POST", "/v2/uploads/" + id + "/cancel");
  EXPECT_THAT(house.call("GET", "/v2/uploads/" + id).body, testing::Not(HasSubstr("secretAccessKey")));
}

TEST(UploadsV2, ListsShowNoCredentials) {
  House house;
  house.call("POST", "/v2/uploads", R"({"fileName":"clip.mp4"})");
  const Reply listed = house.call("GET", "/v2/uploads");
  EXPECT_EQ(listed.at("data.total"), "1");
  EXPECT_THAT(listed.body, testing::Not(HasSubstr("input")));
}

TEST(UploadsV2, NamesTheFieldThatIsWrong) {
  struct Case {
    const char* body;
    int status;
    const char* field;
  };
  const Case cases[] = {
      {"{}", 400, "fileName"},
      {R"({"fileName":7})", 400, "fileName"},
      {R"({"fileName":""})", 400, "fileName"},
      {R"({"fileName":"a","type":"pigeon"})", 400, "type"},
      {R"({"fileName":"a","type":"put","fileSize":"big"})", 400, "fileSize"},
      {R"({"fileName":"a","type":"put","fileSize":-1})", 400, "fileSize"},
      {R"({"fileName":"a","type":"put","fileSize":9999999999999999})", 413, "fileSize"},
      {R"({"fileName":"a","type":"put","metadata":5})", 400, "metadata"},
      {R"({"fileName":"a","type":"put","metadata":{"x":5}})", 400, "metadata.x"},
      {R"({"fileName":"a","type":"put","transcriptLanguageCodes":"de"})", 400, "transcriptLanguageCodes"},
  };
  House house;
  for (const Case& each : cases) {
    const Reply reply = house.call("POST", "/v2/uploads", each.body);
    EXPECT_EQ(reply.status, each.status) << each.body << reply.body;
    EXPECT_EQ(reply.at("status"), "fail");
    EXPECT_THAT(reply.body, HasSubstr("\"data\":{\"" + std::string(each.field) + "\":")) << each.body;
  }
}

TEST(UploadsV2, SaysWhatIsWrongWithAText) {
  House house;
  const auto reply = [&](const std::string& more) {
    return house.call("POST", "/v2/uploads", R"({"type":"put",)" + more + "}");
  };
  EXPECT_THAT(reply(R"("fileName":"a\u0000b")").at("data.fileName"), HasSubstr("control"));
  EXPECT_THAT(reply(R"("fileName":"a\nb")").at("data.fileName"), HasSubstr("control"));
  EXPECT_THAT(reply(R"("fileName":"a","title":"a\u0000b")").at("data.title"), HasSubstr("control"));
  EXPECT_THAT(reply(R"("fileName":"a","title":"\u007f")").at("data.title"), HasSubstr("control"));
  EXPECT_THAT(reply("\"fileName\":\"" + std::string(1025, 'x') + "\"").at("data.fileName"), HasSubstr("1024"));
  EXPECT_EQ(reply(R"("fileName":"ä b","title":"Ünicode — 日本")").status, 201);
}

TEST(UploadsV2, RefusesWhatIsNoJson) {
  House house;
  for (const char* body : {"{", "[]", "\xff\xfe", "{} x"}) {
    EXPECT_EQ(house.call("POST", "/v2/uploads", body).status, 400) << body;
  }
  EXPECT_EQ(house.call("POST", "/v2/uploads", std::string(http::kJsonBytesMax + 1, ' ')).status, 413);
  const Ask xml{.method = "POST",
                .target = "/v2/uploads",
                .body = "<a/>",
                .fields = {{"content-type", "text/xml"}},
                .key = house.admin.bearer};
  EXPECT_EQ(house.ask(xml).status, 415);
}

TEST(UploadsV2, ListsAPage) {
  House house;
  for (int i = 0; i < 3; ++i) house.new_put();
  const Reply reply = house.call("GET", "/v2/uploads?perPage=2&page=1");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.at("data.total"), "3");
  EXPECT_EQ(reply.at("data.page"), "1");
  EXPECT_EQ(reply.at("data.perPage"), "2");
  EXPECT_EQ(house.call("GET", "/v2/uploads?filter=fileName%3Dnone&perpage=50").at("data.total"), "0");
}

TEST(UploadsV2, NamesTheListParameterThatIsWrong) {
  House house;
  for (const char* query : {"perPage=0", "perPage=51", "perPage=x", "perpage=", "page=-1", "sort=nonsense",
                            "sort=size:up", "sort=", "sort=:desc", "filter=x"}) {
    const Reply reply = house.call("GET", std::string("/v2/uploads?") + query);
    const std::string name = std::string(query).substr(0, std::string(query).find('='));
    EXPECT_EQ(reply.status, 400) << query;
    EXPECT_THAT(reply.body, HasSubstr(name)) << query;
  }
}

TEST(UploadsV2, GoesTheWholeWay) {
  House house;
  const auto [id, address] = house.new_put();
  EXPECT_EQ(house.ask({.method = "PUT", .target = address, .body = "hello"}).status, 200);
  const Reply got = house.call("GET", "/v2/uploads/" + id);
  EXPECT_EQ(got.at("data.state"), "uploading");
  EXPECT_EQ(got.at("data.bytesReceived"), "5");
  EXPECT_EQ(got.at("data.size"), "5");
  EXPECT_NE(got.at("data.input.url"), "absent");
  const Reply done = house.call("PATCH", "/v2/uploads/" + id + "/complete", R"({"title":"Mine"})");
  EXPECT_EQ(done.at("data.state"), "completed");
  const Reply media = house.call("GET", "/v2/media/" + done.at("data.mediaId"));
  EXPECT_EQ(media.at("data.title"), "Mine");
  EXPECT_EQ(media.at("data.status"), "preparing");
  EXPECT_EQ(house.call("DELETE", "/v2/uploads/" + id).status, 200);
  EXPECT_EQ(house.call("GET", "/v2/uploads/" + id).status, 404);
}

TEST(UploadsV2, TellsTheStateThatForbidsIt) {
  House house;
  const auto [id, address] = house.new_put();
  EXPECT_EQ(house.call("DELETE", "/v2/uploads/" + id).status, 409);
  EXPECT_EQ(house.call("POST", "/v2/uploads/" + id + "/cancel").at("data.state"), "cancelled");
  EXPECT_EQ(house.call("POST", "/v2/uploads/" + id + "/complete").status, 409);
  EXPECT_EQ(house.ask({.method = "PUT", .target = address, .body = "late"}).status, 409);
}

TEST(UploadsV2, ADuplicateIsAConflictThatNamesTheFirst) {
  House house;
  auto tenant = *house.tenants->tenant("default");
  tenant.duplicate_check = true;
  ASSERT_TRUE(rt::run_until_done(house.tenants->update(tenant)));
  const std::string first = house.ingest("the same bytes");
  const auto [id, address] = house.new_put();
  house.ask({.method = "PUT", .target = address, .body = "the same bytes"});
  const Reply reply = house.call("POST", "/v2/uploads/" + id + "/complete");
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.at("data.mediaId"), first);
  EXPECT_EQ(reply.field("x-should-retry"), "false");
}

TEST(UploadsV2, AnotherTenantSeesNothing) {
  House house;
  const auto [id, address] = house.new_put();
  const Reply made = house.call("POST", "/v2/keys", R"({"tenant":"other","scopes":["uploads"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string key = made.at("data.key");
  EXPECT_EQ(house.ask({.target = "/v2/uploads/" + id, .key = key}).status, 404);
  EXPECT_EQ(house.ask({.target = "/v2/uploads", .key = key}).at("data.total"), "0");
}

TEST(UploadsV2, AnIdempotencyKeyReplaysTheFirstAnswer) {
  House house;
  const std::string body = R"({"fileName":"a","type":"put"})";
  const Reply first = house.call("POST", "/v2/uploads", body, {{"idempotency-key", "k"}});
  const Reply again = house.call("POST", "/v2/uploads", body, {{"idempotency-key", "k"}});
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.field("location"), first.field("location"));
  EXPECT_EQ(again.field("idempotency-replayed"), "true");
  const Reply other = house.call("POST", "/v2/uploads", R"({"fileName":"b","type":"put"})", {{"idempotency-key", "k"}});
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.field("x-should-retry"), "false");
  EXPECT_EQ(house.call("GET", "/v2/uploads").at("data.total"), "1");
}

TEST(UploadsV2, ARefusedAnswerIsNotKept) {
  House house;
  EXPECT_EQ(house.call("POST", "/v2/uploads", "{}", {{"idempotency-key", "k"}}).status, 400);
  EXPECT_EQ(house.call("POST", "/v2/uploads", R"({"fileName":"a","type":"put"})", {{"idempotency-key", "k"}}).status,
            201);
}

}  // namespace
}  // namespace millrace::handlers
