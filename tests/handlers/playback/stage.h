// Stage: a house with a media that can be played: tracks, files and a transcript whose bytes are made up.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "media/catalog/catalog.h"
#include "media/renditions/renditions.h"
#include "media/transcripts/transcripts.h"
#include "tests/handlers/house.h"

namespace millrace::handlers {

inline media::Rendition track(std::string name, std::uint32_t height, std::string codec) {
  media::Rendition made;
  made.kind = media::RenditionKind::kTrack;
  made.name = std::move(name);
  made.width = height * 16 / 9;
  made.height = height;
  made.frames_per_second = height > 0 ? 25 : 0;
  made.codec = std::move(codec);
  made.content_type = height > 0 ? "video/mp4" : "audio/mp4";
  made.extension = "mp4";
  made.header_bytes = 4;
  made.segments = {{4, 10, 4000}, {14, 20, 4000}, {34, 6, 2500}};
  return made;
}

inline media::Rendition file(media::RenditionKind kind, std::string name, std::string type, std::string extension) {
  media::Rendition made;
  made.kind = kind;
  made.name = std::move(name);
  made.content_type = std::move(type);
  made.extension = std::move(extension);
  return made;
}

class Stage : public ::testing::Test {
 protected:
  Stage() : id(house.ingest("the original")) {
    add(track("v720", 720, "avc1.64001f"), "HEADaaaaaaaaaabbbbbbbbbbbbbbbbbbbbcccccc");
    add(track("v240", 240, "avc1.640015"), "headAAAAAAAAAABBBBBBBBBBBBBBBBBBBBCCCCCC");
    add(track("a", 0, "mp4a.40.2"), "hEaDxxxxxxxxxxyyyyyyyyyyyyyyyyyyyyzzzzzz");
    add(file(media::RenditionKind::kVideo, "720", "video/mp4", "mp4"), "0123456789");
    add(file(media::RenditionKind::kThumbnail, "thumbnail-1", "image/jpeg", "jpg"), "a picture");
    change([](media::Media& media) {
      media.status = media::MediaStatus::kReady;
      media.type = media::MediaType::kVideo;
      media.title = "A <clip> & \"more\"";
    });
  }

  void add(media::Rendition rendition, const std::string& bytes) {
    rendition.id = "r-" + rendition.name;
    rendition.tenant = "default";
    rendition.media_id = id;
    rendition.object = store::ObjectId::random();
    rendition.size_bytes = bytes.size();
    rendition.created_ms = 1'700'000'000'000;
    const auto done = rt::run_until_done(adding(house.store, rendition, bytes));
    ASSERT_TRUE(done) << done.error().message;
  }

  void change(const std::function<void(media::Media&)>& edit) {
    const auto done = rt::run_until_done(house.catalog->update("default", id, [&](media::Media& media) {
      edit(media);
      return rt::Status();
    }));
    ASSERT_TRUE(done);
  }

  void say(const std::string& language) {
    store::Transaction transaction;
    media::Transcript transcript{.id = "t-" + language,
                                 .tenant = "default",
                                 .media_id = id,
                                 .language = language,
                                 .engine = "pocketsphinx",
                                 .words = {{"ask", 500, 900, 0.5}, {"not", 900, 1300, 0.5}}};
    put_transcript(transaction, transcript);
    ASSERT_TRUE(rt::run_until_done(house.store.commit(std::move(transaction))));
  }

  void make_signed() {
    change([](media::Media& media) { media.details.policy = media::PlaybackPolicy::kSigned; });
  }

  std::string token(const std::string& body = "{}") {
    const Reply reply = house.call("POST", "/v2/media/" + id + "/playback-token", body);
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.at("data.token");
  }

  Reply get(const std::string& file, std::vector<std::pair<std::string, std::string>> fields = {}) {
    return house.ask({.target = "/play/" + id + file, .fields = std::move(fields)});
  }

  House house;
  std::string id;

 private:
  static rt::Task<rt::Status> adding(store::Store& store, media::Rendition rendition, std::string bytes) {
    const auto writer = store.writer("default");
    auto appended = co_await writer->append(rt::Slice::copy_of(bytes));
    if (!appended) co_return appended;
    auto draft = co_await writer->finish();
    if (!draft) co_return rt::pass(draft);
    store::Transaction transaction;
    transaction.create(rendition.object, std::move(*draft));
    put_rendition(transaction, rendition);
    auto committed = co_await store.commit(std::move(transaction));
    if (!committed) co_return rt::pass(committed);
    co_return rt::Status();
  }
};

}  // namespace millrace::handlers
