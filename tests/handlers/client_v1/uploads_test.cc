#include "handlers/client_v1/uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "handlers/auth.h"
#include "tests/handlers/forms.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kUploads = "/api/client/v1/uploads";
const std::string kVideo = form_file("video", "clip.mp4", "moving pictures");
const std::string kFolder = form_field("folder", "root/my-folder");

media::Media media_of(House& house, const std::string& id) {
  return *rt::run_until_done(house.catalog->get("default", id));
}

void settle(House& house, const std::string& id, media::MediaStatus status) {
  const auto edit = [status](media::Media& media) {
    media.status = status;
    return rt::Status();
  };
  EXPECT_TRUE(rt::run_until_done(house.catalog->update("default", id, edit)));
}

TEST(ClientUploads, TakesAVideoAndItsFolderInAnyOrder) {
  House house;
  for (const std::string& parts : {kVideo + kFolder, kFolder + kVideo, form_field("other", "x") + kFolder + kVideo}) {
    const Reply reply = send_form(house, kUploads, parts);
    ASSERT_EQ(reply.status, 202) << reply.body;
    const std::string id = reply.at("data.id");
    EXPECT_EQ(reply.body, R"({"message":"Upload accepted and is now being processed.","data":{"id":")" + id +
                              R"(","status":1,"status_text":"pending"}})");
    const media::Media media = media_of(house, id);
    EXPECT_EQ(media.details.folder, "root/my-folder");
    EXPECT_EQ(media.file_name, "clip.mp4");
    EXPECT_EQ(media.content_type, "video/mp4");
    EXPECT_EQ(house.store.bytes(media.object), "moving pictures");
    EXPECT_EQ(house.call("GET", "/v2/uploads/" + id).at("data.state"), "completed");
    EXPECT_EQ(house.call("GET", "/v2/media/" + id).at("data.fileName"), "clip.mp4");
  }
}

TEST(ClientUploads, NamesWhatIsMissingOrWrongAndKeepsNothing) {
  struct Case {
    std::string parts;
    int status;
    const char* said;
  };
  const Case cases[] = {
      {kFolder, 422, "\"video\":["},
      {kVideo, 422, "\"folder\":["},
      {kFolder + form_field("video", "text"), 422, "\"video\":["},
      {kFolder + form_file("video", "", ""), 422, "\"video\":["},
      {kVideo + kFolder + kFolder, 422, "\"folder\":["},
      {kVideo + kVideo + kFolder, 422, "\"video\":["},
      {kVideo + form_field("folder", "my-folder"), 422, "\"folder\":["},
      {kVideo + form_field("folder", "root/../x"), 422, "\"folder\":["},
      {kVideo + form_field("folder", "root\\x"), 422, "\"folder\":["},
      {kVideo + form_field("folder", std::string("root/\0", 6)), 422, "\"folder\":["},
      {kVideo + form_field("folder", "root/\xc0\xaf"), 422, "\"folder\":["},
      {kVideo + "--bOuNd\r\nno header\r\n\r\n", 400, "malformed"},
      {form_file("video", "a\x01.mp4", "x") + kFolder, 400, "control"},
  };
  for (const Case& each : cases) {
    House house;
    const Reply reply = send_form(house, kUploads, each.parts);
    EXPECT_EQ(reply.status, each.status) << each.parts << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(each.said)) << each.parts;
    EXPECT_THAT(reply.at("message"), Not("absent"));
    EXPECT_EQ(house.store.objects(), 0U) << each.parts;
    EXPECT_EQ(house.call("GET", "/v2/media").at("data.total"), "0");
    if (each.status == 422) EXPECT_EQ(house.call("GET", kUploads).body, R"({"data":[]})") << each.parts;
  }
}

TEST(ClientUploads, AFormThatBreaksOffLeavesNothing) {
  House house;
  const std::string parts = kFolder + form_file("video", "a.mp4", std::string(5000, 'x'));
  EXPECT_EQ(send_form(house, kUploads, parts, {}, {}, true).status, 499);
  const Ask cut{.method = "POST",
                .target = kUploads,
                .body = parts,
                .fields = {{"content-type", "multipart/form-data; boundary=bOuNd"}},
                .key = house.admin.bearer};
  EXPECT_EQ(house.ask(cut).status, 400);
  EXPECT_EQ(house.store.objects(), 0U);
  EXPECT_EQ(first(house.call("GET", kUploads).body, "status_text"), "\"failed\"");
}

TEST(ClientUploads, RefusesOtherBodiesAndKeys) {
  House house;
  for (const char* type : {"application/json", "application/x-www-form-urlencoded"}) {
    const Reply reply = house.call("POST", kUploads, "{}", {{"content-type", type}});
    EXPECT_EQ(reply.status, 422) << type;
    EXPECT_THAT(reply.body, HasSubstr("\"video\":[")) << type;
  }
  EXPECT_EQ(house.ask({.target = kUploads}).status, 401);
  EXPECT_EQ(house.ask({.target = kUploads}).at("message"), "a key is needed: Authorization: Bearer sk-…");
  EXPECT_EQ(
      send_form(house, kUploads, kVideo + kFolder, {}, key_with(house, scopes_of({media::Scope::kWebhooks}))).status,
      403);
  EXPECT_EQ(house.call("GET", "/api/client/v1/nothing").at("message"), "there is nothing at this path");
  EXPECT_EQ(house.call("GET", std::string(kUploads) + "/nothing").status, 404);
}

TEST(ClientUploads, RefusesAFileThatIsTooLong) {
  Settings settings;
  settings.upload_bytes_max = 10;
  House house(std::move(settings));
  EXPECT_EQ(send_form(house, kUploads, kFolder + form_file("video", "a", std::string(11, 'x'))).status, 413);
  EXPECT_EQ(house.store.objects(), 0U);
  EXPECT_EQ(send_form(house, kUploads, kFolder + form_file("video", "a", std::string(10, 'x'))).status, 202);
}

TEST(ClientUploads, TellsTheStatusOfEachByItsNumber) {
  House house;
  const std::string id = send_form(house, kUploads, kVideo + kFolder).at("data.id");
  const std::string one = std::string(kUploads) + "/" + id;
  const auto said = [&](int status, const std::string& text) {
    return R"({"data":{"id":")" + id + R"(","filename":"clip.mp4","status":)" + std::to_string(status) +
           R"(,"status_text":")" + text + "\"}}";
  };
  EXPECT_EQ(house.call("GET", one).body, said(1, "pending"));
  settle(house, id, media::MediaStatus::kReady);
  EXPECT_EQ(house.call("GET", one).body, said(6, "completed"));
  settle(house, id, media::MediaStatus::kErrored);
  EXPECT_EQ(house.call("GET", one).body, said(7, "failed"));
  house.call("DELETE", "/v2/media/" + id + "?hard=true");
  EXPECT_EQ(house.call("GET", one).body, said(7, "failed"));
  const auto [put, address] = house.new_put();
  EXPECT_EQ(house.call("GET", std::string(kUploads) + "/" + put).at("data.status"), "1");
}

TEST(ClientUploads, ListsTheFiftyNewest) {
  House house;
  for (int i = 0; i < 51; ++i) house.new_put();
  const std::string id = send_form(house, kUploads, kVideo + kFolder).at("data.id");
  const Reply reply = house.call("GET", kUploads);
  EXPECT_THAT(reply.body, HasSubstr(id));
  std::size_t rows = 0;
  for (std::size_t at = 0; (at = reply.body.find("\"id\"", at)) != std::string::npos; ++at) ++rows;
  EXPECT_EQ(rows, 50U);
  EXPECT_THAT(first(reply.body, "created_at"), testing::MatchesRegex("\"....-..-..T..:..:..Z\""));
}

TEST(ClientUploads, ARepeatWithTheSameIdempotencyKeyMakesOneVideo) {
  House house;
  const std::vector<std::pair<std::string, std::string>> key = {{"idempotency-key", "k1"}};
  const Reply reply = send_form(house, kUploads, kVideo + kFolder, key);
  const Reply again = send_form(house, kUploads, kFolder + kVideo, key);
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.body, reply.body);
  EXPECT_EQ(again.field("idempotency-replayed"), "true");
  EXPECT_EQ(house.call("GET", "/v2/media").at("data.total"), "1");
  EXPECT_EQ(house.store.objects(), 1U);
  const Reply other = send_form(house, kUploads, form_file("video", "clip.mp4", "other pictures") + kFolder, key);
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.field("x-should-retry"), "false");
  EXPECT_EQ(house.store.objects(), 1U);
}

TEST(ClientUploads, TellsOfADuplicate) {
  House house;
  media::Tenant tenant = *house.tenants->tenant("default");
  tenant.duplicate_check = true;
  ASSERT_TRUE(rt::run_until_done(house.tenants->update(tenant)));
  const std::string id = send_form(house, kUploads, kVideo + kFolder).at("data.id");
  const Reply again = send_form(house, kUploads, kVideo + kFolder);
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.at("message"), HasSubstr(id));
  EXPECT_EQ(house.store.objects(), 1U);
  EXPECT_EQ(house.call("GET", "/v2/uploads").at("data.total"), "1");
}

}  // namespace
}  // namespace millrace::handlers
