#include "handlers/assets/assets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "handlers/auth.h"
#include "tests/handlers/forms.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;

std::string start(House& house, std::size_t bytes) {
  const Reply reply = house.call(
      "POST", "/assets", R"({"label":"Video","upload_phase":"start","file_size":")" + std::to_string(bytes) + "\"}");
  EXPECT_EQ(reply.status, 201) << reply.body;
  return reply.at("id");
}

std::string chunk_form(const std::string& content, const std::string& more = {}) {
  return form_field("upload_phase", "transfer") + form_field("original_name", "holiday.mp4") + more +
         form_file("file_chunk", "xaa", content, "application/octet-stream");
}

Reply transfer(House& house, const std::string& id, const std::string& content, const std::string& more = {}) {
  return send_form(house, "/assets/" + id + "/multipart", chunk_form(content, more));
}

Reply finish(House& house, const std::string& id) {
  return house.call("POST", "/assets/" + id + "/multipart", R"({"upload_phase":"finish"})");
}

std::string offsets(const Reply& reply) {
  return std::to_string(reply.status) + " " + reply.at("start_offset") + "-" + reply.at("end_offset");
}

TEST(Assets, AFileComesInOneForm) {
  House house;
  const Reply reply = send_form(house, "/assets", form_file("source", "a.png", "picture", "image/png"));
  ASSERT_EQ(reply.status, 201) << reply.body;
  const std::string id = reply.at("id");
  EXPECT_EQ(reply.at("original_name"), "a.png");
  EXPECT_EQ(reply.at("label"), "a.png");
  EXPECT_EQ(reply.at("file_size"), "7");
  EXPECT_EQ(reply.field("location"), "/assets/" + id);
  EXPECT_EQ(house.call("GET", "/assets/" + id).body, reply.body);
  EXPECT_EQ(house.call("GET", "/v2/media/" + id + "/original").body, "picture");
  EXPECT_EQ(send_form(house, "/assets", form_file("source", "b", "x") + form_field("label", "L")).at("label"), "L");
}

TEST(Assets, AVideoComesInThreePhases) {
  House house;
  const std::string id = start(house, 10);
  EXPECT_EQ(offsets(house.call("GET", "/assets/" + id)), "200 0-10");
  EXPECT_EQ(house.call("GET", "/assets/" + id).at("status"), "uploading");
  EXPECT_EQ(offsets(transfer(house, id, "0123")), "200 4-10");
  EXPECT_EQ(finish(house, id).status, 400);
  EXPECT_EQ(offsets(transfer(house, id, "456789", form_field("start_offset", "4"))), "200 10-10");
  const Reply done = finish(house, id);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.at("id"), id);
  EXPECT_EQ(done.at("label"), "Video");
  EXPECT_EQ(done.at("original_name"), "holiday.mp4");
  EXPECT_EQ(finish(house, id).body, done.body);
  EXPECT_EQ(transfer(house, id, "more").status, 409);
  EXPECT_EQ(house.call("GET", "/v2/media/" + id + "/original").body, "0123456789");
  EXPECT_EQ(house.call("GET", "/v2/uploads/" + id).at("data.state"), "completed");
}

TEST(Assets, TheNextChunkIsFiftyMebibytesAtMost) {
  House house;
  EXPECT_EQ(offsets(house.call("GET", "/assets/" + start(house, 52'428'801))), "200 0-52428800");
  EXPECT_EQ(offsets(house.call("GET", "/assets/" + start(house, 1))), "200 0-1");
}

TEST(Assets, AWrongOffsetIsToldTheRightOne) {
  House house;
  const std::string id = start(house, 10);
  transfer(house, id, "0123");
  for (const char* wrong : {"0", "3", "5", "10", "18446744073709551615"}) {
    const Reply reply = transfer(house, id, "xx", form_field("start_offset", wrong));
    EXPECT_EQ(offsets(reply), "409 4-10") << wrong;
    EXPECT_EQ(reply.field("x-should-retry"), "false");
  }
  for (const char* bad : {"", "-1", "x", "4.0", "18446744073709551616"}) {
    EXPECT_EQ(transfer(house, id, "xx", form_field("start_offset", bad)).status, 400) << bad;
  }
  EXPECT_EQ(offsets(house.call("GET", "/assets/" + id)), "200 4-10");
}

TEST(Assets, AnOffsetAfterTheChunkIsHeldToAsWell) {
  House house;
  const std::string id = start(house, 10);
  const std::string target = "/assets/" + id + "/multipart";
  EXPECT_EQ(offsets(send_form(house, target, chunk_form("0123") + form_field("start_offset", "2"))), "409 0-10");
  EXPECT_EQ(offsets(house.call("GET", "/assets/" + id)), "200 0-10");
  EXPECT_EQ(offsets(send_form(house, target, chunk_form("0123") + form_field("start_offset", "0"))), "200 4-10");
}

TEST(Assets, ACutChunkIsKeptWhenItsPlaceWasTold) {
  House house;
  const std::string id = start(house, 4000);
  const std::string target = "/assets/" + id + "/multipart";
  const std::string content(4000, 'x');
  const auto cut = [&](const std::string& more) {
    const std::string whole = chunk_form(content, more);
    return send_form(house, target, whole.substr(0, whole.size() - 1500), {}, {}, true).status;
  };
  EXPECT_EQ(cut(""), 499);
  EXPECT_EQ(offsets(house.call("GET", "/assets/" + id)), "200 0-4000");
  EXPECT_EQ(cut(form_field("start_offset", "0")), 499);
  const std::string kept = house.call("GET", "/assets/" + id).at("start_offset");
  EXPECT_GT(std::stoul(kept), 2000U);
  const std::string rest = content.substr(std::stoul(kept));
  EXPECT_EQ(offsets(transfer(house, id, rest, form_field("start_offset", kept))), "200 4000-4000");
  EXPECT_EQ(finish(house, id).status, 200);
  EXPECT_EQ(house.call("GET", "/v2/media/" + id + "/original").body, content);
}

TEST(Assets, FinishesWhenOnlyTheEndOfTheLastFormIsMissing) {
  House house;
  const std::string id = start(house, 4);
  const std::string parts = chunk_form("0123", form_field("start_offset", "0")) + "--bOuNd\r\n";
  EXPECT_EQ(send_form(house, "/assets/" + id + "/multipart", parts, {}, {}, true).status, 499);
  EXPECT_EQ(finish(house, id).status, 200);
}

TEST(Assets, NamesWhatIsWrong) {
  House house;
  const std::string id = start(house, 10);
  const std::string target = "/assets/" + id + "/multipart";
  const auto field_of = [](const Reply& reply) {
    return std::to_string(reply.status) + " " + reply.body.substr(reply.body.find("\"errors\":{\"") + 11, 11);
  };
  EXPECT_THAT(field_of(house.call("POST", "/assets", "{}")), HasSubstr("400 source"));
  EXPECT_THAT(field_of(house.call("POST", "/assets", R"({"upload_phase":"begin","file_size":1})")),
              HasSubstr("400 upload_ph"));
  for (const char* size : {"0", "\"\"", "\"-1\"", "\"x\"", "1.5"}) {
    EXPECT_THAT(
        field_of(house.call("POST", "/assets", R"({"upload_phase":"start","file_size":)" + std::string(size) + "}")),
        HasSubstr("400 file_size"))
        << size;
  }
  EXPECT_EQ(house.call("POST", "/assets", R"({"upload_phase":"start","file_size":"99999999999999999999"})").status,
            413);
  EXPECT_EQ(house.call("POST", "/assets", R"({"upload_phase":"start","file_size":10})").status, 201);
  EXPECT_THAT(field_of(send_form(house, "/assets", form_field("source", "x"))), HasSubstr("400 source"));
  EXPECT_THAT(field_of(send_form(house, target, form_field("upload_phase", "transfer"))), HasSubstr("400 file_chunk"));
  EXPECT_THAT(field_of(send_form(house, target, form_file("file_chunk", "a", "x"))), HasSubstr("400 upload_ph"));
  EXPECT_THAT(field_of(house.call("POST", target, R"({"upload_phase":"transfer"})")), HasSubstr("400 upload_ph"));
  EXPECT_EQ(transfer(house, id, "01234567890").status, 413);
  EXPECT_EQ(send_form(house, "/assets/nothing/multipart", chunk_form("x")).status, 404);
  EXPECT_EQ(offsets(house.call("GET", "/assets/" + id)), "200 0-10");
}

TEST(Assets, EachScopeOpensItsOwn) {
  House house;
  const std::string id = send_form(house, "/assets", form_file("source", "a", "x")).at("id");
  const std::string use = key_with(house, scopes_of({media::Scope::kAssets}));
  const std::string publish = key_with(house, scopes_of({media::Scope::kAssetsPublish}));
  const std::string remove = key_with(house, scopes_of({media::Scope::kAssetsDelete}));
  const auto status = [&](const std::string& method, const std::string& target, const std::string& key) {
    return house.ask({.method = method, .target = target, .key = key}).status;
  };
  EXPECT_EQ(status("GET", "/assets", use), 200);
  EXPECT_EQ(status("GET", "/assets", publish), 401);
  EXPECT_EQ(send_form(house, "/assets", form_file("source", "a", "x"), {}, use).status, 401);
  EXPECT_EQ(send_form(house, "/assets", form_file("source", "a", "x"), {}, publish).status, 201);
  EXPECT_EQ(status("DELETE", "/assets/" + id, use), 401);
  EXPECT_EQ(status("PUT", "/assets/" + id, remove), 401);
  EXPECT_EQ(status("DELETE", "/assets/" + id, remove), 204);
  EXPECT_THAT(house.ask({.target = "/assets", .key = publish}).at("message"), HasSubstr("scope assets"));
}

TEST(Assets, OnlyWhatThisDoorBeganGoesOnHere) {
  House house;
  for (const char* type : {"put", "multipart", "tus"}) {
    const Reply made =
        house.call("POST", "/v2/uploads", R"({"fileName":"a.mp4","fileSize":4,"type":")" + std::string(type) + "\"}");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string id = made.at("data.id");
    EXPECT_EQ(transfer(house, id, "0123").status, 404) << type;
    EXPECT_EQ(finish(house, id).status, 404) << type;
    EXPECT_EQ(house.call("GET", "/assets/" + id).status, 404) << type;
    EXPECT_EQ(house.call("DELETE", "/assets/" + id).status, 404) << type;
    const Reply after = house.call("GET", "/v2/uploads/" + id);
    EXPECT_EQ(after.at("data.state"), "created") << type;
    EXPECT_EQ(after.at("data.fileName"), "a.mp4") << type;
  }
}

TEST(Assets, AreListedByPlace) {
  House house;
  for (const char* name : {"b", "a", "c"}) send_form(house, "/assets", form_file("source", name, name));
  const Reply reply = house.call("GET", "/assets?skip=1&limit=1&sort=label");
  EXPECT_EQ(first(reply.body, "label"), "\"b\"");
  EXPECT_EQ(reply.at("total"), "3");
  EXPECT_EQ(reply.at("after"), "2");
  EXPECT_EQ(reply.at("before"), "0");
  EXPECT_EQ(reply.at("skip"), "1");
  EXPECT_EQ(reply.at("limit"), "1");
  const Reply all = house.call("GET", "/assets?sort=-label");
  EXPECT_EQ(first(all.body, "label"), "\"c\"");
  EXPECT_EQ(all.at("limit"), "100");
  EXPECT_EQ(all.at("after"), "null");
  EXPECT_EQ(all.at("before"), "null");
  for (const char* query : {"skip=-1", "limit=0", "limit=1001", "sort=nothing"}) {
    EXPECT_EQ(house.call("GET", "/assets?" + std::string(query)).status, 400) << query;
  }
}

TEST(Assets, AreChangedAndDeleted) {
  House house;
  const std::string id = send_form(house, "/assets", form_file("source", "a", "x")).at("id");
  const std::string path = "/assets/" + id;
  EXPECT_EQ(house.call("PUT", path, R"({"label":"New","tags":["t"],"description":"D"})").at("label"), "New");
  EXPECT_EQ(house.call("GET", path).at("tags"), R"(["t"])");
  EXPECT_THAT(house.call("PUT", path, R"({"label":""})").body, HasSubstr("\"errors\":{\"label\":["));
  EXPECT_EQ(house.call("DELETE", path).status, 204);
  EXPECT_EQ(house.call("GET", path).status, 404);
  EXPECT_EQ(house.call("DELETE", path).status, 404);
  const std::string open = start(house, 10);
  EXPECT_EQ(house.call("DELETE", "/assets/" + open).status, 204);
  EXPECT_EQ(house.call("GET", "/assets/" + open).status, 404);
  EXPECT_EQ(transfer(house, open, "x").status, 409);
}

TEST(Assets, ARepeatedStartWithTheSameIdempotencyKeyIsOne) {
  House house;
  const std::vector<std::pair<std::string, std::string>> key = {{"idempotency-key", "k"}};
  const std::string body = R"({"upload_phase":"start","file_size":10})";
  EXPECT_EQ(house.call("POST", "/assets", body, key).body, house.call("POST", "/assets", body, key).body);
  EXPECT_EQ(house.call("GET", "/v2/uploads").at("data.total"), "1");
}

}  // namespace
}  // namespace millrace::handlers
