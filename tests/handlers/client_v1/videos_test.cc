#include "handlers/client_v1/videos.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/handlers/forms.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;

const std::string kVideos = "/api/client/v1/videos";

std::string send(House& house, const std::string& name, const std::string& folder) {
  return send_form(house, "/api/client/v1/uploads", form_file("video", name, name) + form_field("folder", folder))
      .at("data.id");
}

TEST(ClientVideos, AreListedByFolderTagAndOrder) {
  House house;
  send(house, "b.mp4", "root/x");
  const std::string a = send(house, "a.mp4", "root/x");
  send(house, "c.mp4", "root/X");
  house.ingest("of another door");
  house.call(
      "PATCH",
      "/v1/videos/vid_" + [&] { return a.substr(0, 8) + a.substr(9, 4) + a.substr(14, 4) + a.substr(19, 4); }(),
      R"({"tags":["red","blue"]})");
  const auto total = [&](const std::string& query) { return house.call("GET", kVideos + query).at("meta.total"); };
  EXPECT_EQ(total(""), "4");
  EXPECT_EQ(total("?path=root/x"), "2");
  EXPECT_EQ(total("?path=root/X"), "1");
  EXPECT_EQ(total("?path=root"), "1");
  EXPECT_EQ(total("?tags=red"), "1");
  EXPECT_EQ(total("?tags=red,blue"), "1");
  EXPECT_EQ(total("?tags=red,green"), "0");
  EXPECT_EQ(first(house.call("GET", kVideos + "?sort=title").body, "title"), "\"a.mp4\"");
  EXPECT_EQ(first(house.call("GET", kVideos + "?sort=-title").body, "title"), "\"clip.mp4\"");
}

TEST(ClientVideos, ComeInPages) {
  House house;
  for (const char* name : {"a", "b", "c"}) send(house, name, "root");
  const Reply reply = house.call("GET", kVideos + "?per_page=2&page=2&path=root");
  EXPECT_EQ(reply.at("meta.current_page"), "2");
  EXPECT_EQ(reply.at("meta.last_page"), "2");
  EXPECT_EQ(reply.at("meta.from"), "3");
  EXPECT_EQ(reply.at("meta.to"), "3");
  EXPECT_EQ(reply.at("meta.per_page"), "2");
  EXPECT_EQ(reply.at("links.prev"), "http://media.example:8080" + kVideos + "?per_page=2&path=root&page=1");
  EXPECT_EQ(reply.at("links.next"), "null");
  EXPECT_EQ(house.call("GET", kVideos).at("meta.per_page"), "15");
}

TEST(ClientVideos, RefuseParametersByName) {
  House house;
  for (const char* query :
       {"per_page=0", "per_page=101", "per_page=x", "page=0", "sort=size", "path=x", "path=root/.."}) {
    const Reply reply = house.call("GET", kVideos + "?" + query);
    EXPECT_EQ(reply.status, 422) << query;
    const std::string name = std::string(query).substr(0, std::string(query).find('='));
    EXPECT_THAT(reply.body, HasSubstr("\"errors\":{\"" + name + "\":[")) << reply.body;
  }
}

TEST(ClientVideos, OneIsShownInFull) {
  House house;
  const std::string id = send(house, "a.mp4", "root/x");
  const Reply reply = house.call("GET", kVideos + "/" + id);
  EXPECT_EQ(reply.at("data.path"), "root/x");
  EXPECT_EQ(reply.at("data.manifest.hls"), "null");
  EXPECT_EQ(reply.at("data.text_tracks"), "[]");
  EXPECT_EQ(reply.at("data.thumbnail_images"), "[]");
  house.call("DELETE", "/v2/media/" + id);
  EXPECT_EQ(house.call("GET", kVideos + "/" + id).status, 404);
}

TEST(ClientCollections, AreTheFoldersOnTheWay) {
  House house;
  for (const char* folder : {"root/b/deep/er", "root/a", "root/b", "root/ab"}) send(house, folder, folder);
  const auto below = [&](const std::string& query) {
    return house.call("GET", "/api/client/v1/collections" + query).body;
  };
  EXPECT_EQ(below(""),
            R"({"data":[{"name":"a","path":"root/a"},{"name":"ab","path":"root/ab"},{"name":"b","path":"root/b"}]})");
  EXPECT_EQ(below("?path=root/b"), R"({"data":[{"name":"deep","path":"root/b/deep"}]})");
  EXPECT_EQ(below("?path=root/a"), R"({"data":[]})");
  EXPECT_EQ(house.call("GET", "/api/client/v1/collections?path=root/A").status, 404);
  EXPECT_EQ(house.call("GET", "/api/client/v1/collections?path=a").status, 422);
}

}  // namespace
}  // namespace millrace::handlers
