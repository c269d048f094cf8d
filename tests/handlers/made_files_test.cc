#include "handlers/made_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/renditions/renditions.h"
#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

using media::Media;
using media::RenditionKind;
using ::testing::HasSubstr;

void edit(House& house, const std::string& id, const std::function<void(Media&)>& change) {
  const auto changed = [&change](Media& media) {
    change(media);
    return rt::Status();
  };
  EXPECT_TRUE(rt::run_until_done(house.catalog->update("default", id, changed)));
}

void add(House& house, const std::string& media_id, RenditionKind kind, const std::string& name,
         const std::string& extension) {
  media::Rendition rendition;
  rendition.id = "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + house.store.records("m/rendition/"));
  rendition.tenant = "default";
  rendition.media_id = media_id;
  rendition.kind = kind;
  rendition.name = name;
  rendition.height = 720;
  rendition.bits_per_second = 1'234'567;
  rendition.extension = extension;
  store::Transaction transaction;
  put_rendition(transaction, rendition);
  EXPECT_TRUE(rt::run_until_done(house.store.commit(std::move(transaction))));
}

std::string with_renditions(House& house) {
  const std::string id = house.ingest("bytes");
  add(house, id, RenditionKind::kVideo, "720", "mp4");
  add(house, id, RenditionKind::kTrack, "v720", "mp4");
  add(house, id, RenditionKind::kThumbnail, "thumbnail-2", "jpg");
  add(house, id, RenditionKind::kThumbnail, "thumbnail", "jpg");
  return id;
}

std::string short_of(std::string id) {
  std::erase(id, '-');
  return id.substr(0, 20);
}

TEST(MadeFiles, EveryDoorGivesTheirAddresses) {
  House house;
  const std::string id = with_renditions(house);
  const std::string original = house.call("GET", "/v2/media/" + id).at("data.originalUrl");
  const std::string play = original.substr(0, original.find("/v2/")) + "/play/" + id + "/";

  const Reply v2 = house.call("GET", "/v2/media/" + id + "/metadata");
  EXPECT_THAT(v2.body, HasSubstr("\"url\":\"" + play + "720.mp4\""));
  EXPECT_THAT(v2.body, testing::Not(HasSubstr("v720"))) << "tracks are no files";

  const Reply v1 = house.call("GET", "/v1/videos/vid_" + short_of(id));
  EXPECT_EQ(v1.at("thumbnail_url"), play + "thumbnail.jpg");
  EXPECT_EQ(v1.at("playback.hls"), play + "master.m3u8");
  EXPECT_EQ(v1.at("playback.dash"), play + "manifest.mpd");
  EXPECT_THAT(v1.body, HasSubstr(R"("mp4":[{"height":720,"url":")" + play + R"(720.mp4","bitrate_kbps":1235,"hls":")" +
                                 play + R"(v720.m3u8"}])"));

  const Reply client = house.call("GET", "/api/client/v1/videos/" + id);
  EXPECT_EQ(client.at("data.thumbnail"), play + "thumbnail.jpg");
  EXPECT_EQ(client.at("data.manifest.hls"), play + "master.m3u8");
  EXPECT_THAT(client.body, HasSubstr(play + "thumbnail-2.jpg"));
}

TEST(MadeFiles, NothingIsPromisedBeforeItIsThere) {
  House house;
  const std::string id = house.ingest("bytes");
  const Reply v1 = house.call("GET", "/v1/videos/vid_" + short_of(id));
  EXPECT_EQ(v1.at("thumbnail_url"), "null");
  EXPECT_EQ(v1.at("playback.hls"), "null");
  EXPECT_EQ(v1.at("playback.mp4"), "[]");
}

TEST(MadeFiles, ProgressIsToldInEveryDoorsWords) {
  House house;
  const std::string id = house.ingest("bytes");
  struct Row {
    media::Stage stage;
    std::uint32_t percent;
    std::string client;
  };
  const Row rows[] = {{media::Stage::kProbe, 0, "1"},
                      {media::Stage::kThumbnails, 0, "3"},
                      {media::Stage::kEncode, 42, "3"},
                      {media::Stage::kPackage, 90, "5"}};
  for (const Row& row : rows) {
    edit(house, id, [&](Media& media) {
      media.stage = row.stage;
      media.progress_percent = row.percent;
      media.reprocessing = row.stage == media::Stage::kPackage;
    });
    const std::string percent = std::to_string(row.percent);
    EXPECT_EQ(house.call("GET", "/v2/media/" + id).at("data.progress"), percent);
    EXPECT_EQ(house.call("GET", "/assets/" + id).at("progress"), percent);
    EXPECT_EQ(house.call("GET", "/api/client/v1/videos/" + id).at("data.status"), row.client);
    EXPECT_EQ(house.call("GET", "/v1/videos/vid_" + short_of(id)).at("progress"), percent);
  }
  EXPECT_EQ(house.call("GET", "/v1/videos/vid_" + short_of(id)).at("status"), "reprocessing");
}

TEST(MadeFiles, AMediaIsProcessedAgainOnlyWhenItIsNotBeing) {
  House house;
  const std::string id = house.ingest("bytes");
  const std::string again = "/v2/media/" + id + "/reprocess";
  EXPECT_EQ(house.call("POST", again).status, 409) << "it is being processed";
  edit(house, id, [](Media& media) { media.status = media::MediaStatus::kErrored; });
  EXPECT_EQ(house.call("POST", again).at("data.status"), "preparing");
  EXPECT_EQ(house.call("POST", again).status, 409);
  EXPECT_EQ(house.call("POST", "/v2/media/nothing/reprocess").status, 404);
}

TEST(MadeFiles, WhatWasMadeBeforePlaysOnWhenItsMakingIsCancelled) {
  House house;
  const std::string id = with_renditions(house);
  edit(house, id, [](Media& media) { media.status = media::MediaStatus::kReady; });
  EXPECT_EQ(house.call("POST", "/v2/media/" + id + "/reprocess").status, 202);
  const Reply cancelled = house.call("POST", "/v2/media/" + id + "/cancel");
  EXPECT_EQ(cancelled.at("data.status"), "ready");
  EXPECT_EQ(cancelled.at("data.progress"), "100");
  EXPECT_THAT(house.call("POST", "/v2/media/" + id + "/cancel").body, HasSubstr("the media is ready"));
  EXPECT_EQ(house.call("GET", "/v1/videos/vid_" + short_of(id)).at("status"), "ready");
}

}  // namespace
}  // namespace millrace::handlers
