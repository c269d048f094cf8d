#include "handlers/v1/imported.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

// Nothing runs the jobs of a house: what is imported stays on its way.
std::string import_video(House& house, const std::string& url) {
  const Reply reply = house.call("POST", "/v1/videos", R"({"input":[{"url":")" + url + R"("}],"title":"t"})");
  EXPECT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(reply.at("status"), "preparing");
  EXPECT_EQ(reply.at("ingest.kind"), "url");
  return reply.at("id");
}

std::vector<std::string> list(House& house, int limit) {
  std::vector<std::string> ids;
  std::string cursor;
  for (int pages = 0; pages < 20; ++pages) {
    const Reply reply = house.call("GET", "/v1/videos?limit=" + std::to_string(limit) + cursor);
    EXPECT_EQ(reply.status, 200) << reply.body;
    const auto json = http::Json::parse_object(reply.body);
    for (const http::Json& video : **json->objects("data")) ids.push_back(*video.required_text("id"));
    const std::string next = reply.at("next_cursor");
    if (next == "null") return ids;
    cursor = "&cursor=" + next.substr(0, next.find('|')) + "%7C" + next.substr(next.find('|') + 1);
  }
  ADD_FAILURE() << "the list has no end";
  return ids;
}

TEST(V1Imported, AreListedAmongTheVideosOnce) {
  House house;
  std::vector<std::string> all;
  for (int round = 0; round < 4; ++round) {
    all.push_back(import_video(house, "http://host.example/" + std::to_string(round)));
    house.ingest("bytes " + std::to_string(round));
  }
  const auto whole = list(house, 100);
  EXPECT_EQ(whole.size(), 8u);
  for (const std::string& id : all) EXPECT_EQ(std::ranges::count(whole, id), 1) << id;
  for (int limit : {1, 2, 3, 7}) EXPECT_EQ(list(house, limit), whole) << limit;
}

TEST(V1Imported, CanBeLookedAtAndGivenUp) {
  House house;
  const std::string id = import_video(house, "http://host.example/a.mp4");
  EXPECT_EQ(house.call("GET", "/v1/videos/" + id).at("status"), "preparing");
  EXPECT_EQ(house.call("DELETE", "/v1/videos/" + id).status, 204);
  EXPECT_EQ(house.call("GET", "/v1/videos/" + id).status, 404);
  EXPECT_EQ(house.call("DELETE", "/v1/videos/" + id).status, 404);
  EXPECT_NE(house.call("GET", "/v2/uploads/imports").body.find(R"("status":"Cancelled")"), std::string::npos);
  EXPECT_TRUE(list(house, 10).empty());
}

TEST(V1Imported, NamesWhatIsWrong) {
  House house;
  const std::pair<std::string, std::string> cases[] = {
      {R"({})", "input"},
      {R"({"input":[]})", "input"},
      {R"({"input":[{"url":"http://a/"},{"url":"http://b/"}]})", "input"},
      {R"({"input":[{}]})", "input[0].url"},
      {R"({"input":[{"url":"file:///etc/passwd"}]})", "input[0].url"},
      {R"({"input":[{"url":"http://a/"}],"playback_policy":"x"})", "playback_policy"},
      {R"({"input":[{"url":"http://a/"}],"title":")" + std::string(256, 'x') + R"("})", "title"}};
  for (const auto& [body, field] : cases) {
    const Reply reply = house.call("POST", "/v1/videos", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(reply.at("error.param"), field) << body << reply.body;
  }
}

}  // namespace
}  // namespace millrace::handlers
