#include "handlers/v1/videos.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/catalog/short_id.h"
#include "tests/handlers/forms.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string video(const std::string& media_id) { return "vid_" + media::short_id(media_id); }

TEST(VideosV1, AreChangedWithinLimits) {
  House house;
  const std::string path = "/v1/videos/" + video(house.ingest("bytes"));
  const Reply changed =
      house.call("PATCH", path, R"({"title":"T","description":"D","passthrough":"p","tags":["a","b"]})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(house.call("GET", path).body, changed.body);
  EXPECT_EQ(changed.at("description"), "D");
  EXPECT_EQ(changed.at("tags"), R"(["a","b"])");
  const Reply cleared =
      house.call("PATCH", path, R"({"title":null,"description":null,"passthrough":null,"tags":null})");
  EXPECT_EQ(cleared.at("title"), "T");
  EXPECT_EQ(cleared.at("description"), "null");
  EXPECT_EQ(cleared.at("passthrough"), "null");
  EXPECT_EQ(cleared.at("tags"), "[]");
  const auto text = [](const char* name, std::size_t length, const std::string& letter) {
    std::string value;
    for (std::size_t i = 0; i < length; ++i) value += letter;
    return "{\"" + std::string(name) + "\":\"" + value + "\"}";
  };
  const std::pair<const char*, std::size_t> limits[] = {{"title", 255}, {"description", 4096}, {"passthrough", 2048}};
  for (const auto& [name, most] : limits) {
    EXPECT_EQ(house.call("PATCH", path, text(name, most, "日")).status, 200) << name;
    const Reply reply = house.call("PATCH", path, text(name, most + 1, "x"));
    EXPECT_EQ(reply.status, 400) << name;
    EXPECT_EQ(reply.at("error.param"), name);
  }
  std::string tags = "\"t\"";
  for (int i = 0; i < 20; ++i) tags += ",\"t\"";
  EXPECT_EQ(house.call("PATCH", path, "{\"tags\":[" + tags + "]}").at("error.param"), "tags");
  EXPECT_EQ(house.call("PATCH", path, R"({"title":""})").at("error.param"), "title");
}

TEST(VideosV1, AreGoneWhenDeleted) {
  House house;
  const std::string id = house.ingest("bytes");
  const std::string path = "/v1/videos/" + video(id);
  EXPECT_EQ(house.call("DELETE", path).status, 204);
  EXPECT_EQ(house.call("GET", path).status, 404);
  EXPECT_EQ(house.call("DELETE", path).status, 404);
  EXPECT_EQ(house.call("GET", "/v1/videos").body, R"({"data":[],"next_cursor":null})");
  EXPECT_EQ(house.call("GET", "/v2/media/" + id).at("data.status"), "softDeleted");
}

TEST(VideosV1, AreListedFromACursorOn) {
  House house;
  for (int i = 0; i < 5; ++i) house.ingest("bytes " + std::to_string(i));
  std::string seen;
  std::string cursor;
  for (int page = 0; page < 3; ++page) {
    const Reply reply = house.call("GET", "/v1/videos?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(reply.status, 200) << reply.body;
    seen += reply.body;
    cursor = reply.at("next_cursor");
    if (page < 2) cursor.replace(cursor.find('|'), 1, "%7C");
  }
  EXPECT_EQ(cursor, "null");
  std::size_t rows = 0;
  for (std::size_t at = 0; (at = seen.find("\"id\":\"vid_", at)) != std::string::npos; ++at) ++rows;
  EXPECT_EQ(rows, 5U);
  const Reply media = house.call("GET", "/v2/media");
  for (std::size_t at = 0; (at = media.body.find("\"id\":\"", at)) != std::string::npos; ++at) {
    EXPECT_THAT(seen, HasSubstr(video(media.body.substr(at + 6, 36))));
  }
}

TEST(VideosV1, AreChosenByStatusAndWords) {
  House house;
  const std::string id = video(house.ingest("bytes"));
  house.call("PATCH", "/v1/videos/" + id, R"({"title":"A Harbour","tags":["boats"]})");
  const auto found = [&](const std::string& query) { return house.call("GET", "/v1/videos?" + query).body; };
  for (const char* query : {"q=harbour", "q=BOAT", "q=clip.mp4", "status=preparing", "status=preparing&q=harb"}) {
    EXPECT_THAT(found(query), HasSubstr(id)) << query;
  }
  for (const char* query : {"q=train", "status=ready", "status=reprocessing"}) {
    EXPECT_THAT(found(query), Not(HasSubstr(id))) << query;
  }
  for (const char* query : {"status=lost", "limit=0", "limit=101", "cursor=x", "cursor=1%7C", "cursor=-1%7Cab"}) {
    const Reply reply = house.call("GET", "/v1/videos?" + std::string(query));
    EXPECT_EQ(reply.status, 400) << query;
    EXPECT_EQ(reply.at("error.param"), std::string(query).substr(0, std::string(query).find('=')));
  }
}

}  // namespace
}  // namespace millrace::handlers
