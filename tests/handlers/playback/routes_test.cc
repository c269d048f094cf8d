#include "handlers/playback/routes.h"

#include <gmock/gmock.h>

#include "handlers/playback/player_files.h"
#include "handlers/v1/ids.h"
#include "tests/handlers/playback/stage.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class PlaybackRoutes : public Stage {};

TEST_F(PlaybackRoutes, PublicMediaPlayForAnybody) {
  const Reply master = get("/master.m3u8");
  EXPECT_EQ(master.status, 200) << master.body;
  EXPECT_EQ(master.field("content-type"), "application/vnd.apple.mpegurl");
  EXPECT_EQ(master.field("cache-control"), "public, max-age=60");
  EXPECT_THAT(master.body, HasSubstr("\nv720.m3u8\n"));
  EXPECT_EQ(get("/manifest.mpd").field("content-type"), "application/dash+xml");
  EXPECT_THAT(get("/v240.m3u8").body, HasSubstr("v240/3.m4s?v="));
}

TEST_F(PlaybackRoutes, TheIdOfTheV1DoorIsAPlaybackIdToo) {
  const std::string short_id = v1::id_text(v1::kPlayback, id);
  EXPECT_EQ(house.ask({.target = "/play/" + short_id + "/720.mp4"}).body, "0123456789");
}

TEST_F(PlaybackRoutes, WhatIsNotThereIsNotFound) {
  std::string other = id;
  other.back() = other.back() == '0' ? '1' : '0';
  const std::string targets[] = {"/play/nonsense/720.mp4",       "/play/" + other + "/720.mp4",
                                 "/play/play_00/720.mp4",        "/play/" + id + "/1080.mp4",
                                 "/play/" + id + "/v720.mp4",    "/play/" + id + "/v720/0.m4s",
                                 "/play/" + id + "/v720/4.m4s",  "/play/" + id + "/v720/01.m4s",
                                 "/play/" + id + "/v720/1",      "/play/" + id + "/720/init.mp4",
                                 "/play/" + id + "/text/en.vtt", "/play/" + id + "/v720/99999999999999999999.m4s"};
  for (const std::string& target : targets) EXPECT_EQ(house.ask({.target = target}).status, 404) << target;
}

TEST_F(PlaybackRoutes, PiecesAreRangesOfTheOneObject) {
  EXPECT_EQ(get("/v720/init.mp4").body, "HEAD");
  EXPECT_EQ(get("/v720/1.m4s").body, "aaaaaaaaaa");
  EXPECT_EQ(get("/v720/3.m4s").body, "cccccc");
  const Reply part = get("/v720/2.m4s", {{"range", "bytes=5-6"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "bb");
  EXPECT_EQ(part.field("content-range"), "bytes 5-6/20");
  EXPECT_NE(get("/v720/1.m4s").field("etag"), get("/v720/2.m4s").field("etag"));
}

TEST_F(PlaybackRoutes, FilesHaveRangesAndConditions) {
  const Reply whole = get("/720.mp4");
  EXPECT_EQ(whole.field("content-type"), "video/mp4");
  EXPECT_EQ(whole.field("accept-ranges"), "bytes");
  EXPECT_EQ(whole.field("cache-control"), "public, max-age=60") << "720.mp4 may be made anew";
  EXPECT_EQ(whole.fields.get("content-disposition"), std::nullopt);
  const std::string etag = whole.field("etag");
  EXPECT_EQ(get("/720.mp4", {{"if-none-match", etag}}).status, 304);
  EXPECT_EQ(get("/720.mp4", {{"if-match", "\"other\""}}).status, 412);
  EXPECT_EQ(get("/720.mp4", {{"range", "bytes=20-"}}).status, 416);
  EXPECT_EQ(get("/720.mp4", {{"range", "bytes=2-3"}, {"if-range", etag}}).body, "23");
  EXPECT_EQ(get("/720.mp4", {{"range", "bytes=2-3"}, {"if-range", "\"other\""}}).body, "0123456789");
  const Reply head = house.ask({.method = "HEAD", .target = "/play/" + id + "/720.mp4"});
  EXPECT_EQ(head.content_length, 10u);
  EXPECT_EQ(get("/thumbnail-1.jpg").body, "a picture");
}

TEST_F(PlaybackRoutes, AnAddressOfOtherBytesIsGone) {
  EXPECT_EQ(get("/v720/1.m4s?v=00000000").status, 404);
  const std::string playlist = get("/v720.m3u8").body;
  const std::size_t at = playlist.find("v720/1.m4s");
  const Reply piece = get("/" + playlist.substr(at, playlist.find('\n', at) - at));
  EXPECT_EQ(piece.body, "aaaaaaaaaa");
  EXPECT_EQ(piece.field("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(get("/v720/1.m4s").field("cache-control"), "public, max-age=60");
}

TEST_F(PlaybackRoutes, OtherBytesAreFoundAsSoonAsTheMediaChanges) {
  EXPECT_EQ(get("/480.mp4").status, 404);
  add(file(media::RenditionKind::kVideo, "480", "video/mp4", "mp4"), "smaller");
  change([](media::Media& media) { media.updated_ms += 1; });
  EXPECT_EQ(get("/480.mp4").body, "smaller");
}

TEST_F(PlaybackRoutes, TranscriptsAreSubtitles) {
  EXPECT_THAT(get("/master.m3u8").body, Not(HasSubstr("SUBTITLES")));
  say("en");
  EXPECT_THAT(get("/master.m3u8").body, HasSubstr("SUBTITLES=\"text\""));
  const Reply vtt = get("/text/en.vtt");
  EXPECT_EQ(vtt.field("content-type"), "text/vtt; charset=utf-8");
  EXPECT_EQ(vtt.body, "WEBVTT\n\n00:00:00.500 --> 00:00:01.300\nask not\n");
  EXPECT_THAT(get("/text/en.m3u8").body, HasSubstr("\nen.vtt\n"));
  EXPECT_EQ(get("/text/de.vtt").status, 404);
  EXPECT_EQ(get("/text/en.srt").status, 404);
}

TEST_F(PlaybackRoutes, UnreadyAndDeletedMediaDoNotPlay) {
  change([](media::Media& media) { media.status = media::MediaStatus::kPreparing; });
  EXPECT_EQ(get("/720.mp4").status, 404);
  EXPECT_THAT(get("/master.m3u8").at("message"), HasSubstr("yet"));
  change([](media::Media& media) { media.was_ready = true; });
  EXPECT_EQ(get("/720.mp4").status, 200) << "until it is made anew, what there was";
  change([](media::Media& media) { media.status = media::MediaStatus::kReady; });
  EXPECT_EQ(house.call("DELETE", "/v2/media/" + id).status, 200);
  EXPECT_EQ(get("/720.mp4").status, 404);
  EXPECT_EQ(house.call("POST", "/v2/media/" + id + "/recover").status, 200);
  EXPECT_EQ(get("/720.mp4").status, 200);
  EXPECT_EQ(house.call("DELETE", "/v2/media/" + id + "?hard=true").status, 200);
  EXPECT_EQ(get("/720.mp4").status, 404);
}

TEST_F(PlaybackRoutes, SignedMediaAskForAToken) {
  make_signed();
  const Reply without = get("/720.mp4");
  EXPECT_EQ(without.status, 401);
  EXPECT_THAT(without.at("message"), HasSubstr("token"));
  const std::string good = token();
  const Reply with = get("/720.mp4?token=" + good);
  EXPECT_EQ(with.body, "0123456789");
  EXPECT_EQ(with.field("cache-control"), "private, max-age=60");
  EXPECT_EQ(get("/master.m3u8?token=" + good).field("cache-control"), "private, max-age=60");
  std::string forged = good;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(get("/720.mp4?token=" + forged).status, 403);
}

TEST_F(PlaybackRoutes, ATokenIsForOneMedia) {
  make_signed();
  const std::string other = house.ingest("another original");
  const Reply reply = house.call("POST", "/v2/media/" + other + "/playback-token", "{}");
  EXPECT_EQ(get("/720.mp4?token=" + reply.at("data.token")).status, 403);
}

TEST_F(PlaybackRoutes, EveryAddressCarriesTheTokenOn) {
  make_signed();
  say("en");
  const std::string query = "?token=" + token();
  for (const char* file : {"/master.m3u8", "/v720.m3u8", "/text/en.m3u8"}) {
    std::istringstream lines(get(file + query).body);
    int addresses = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("#") && !line.contains("URI=")) continue;
      EXPECT_THAT(line, HasSubstr(query)) << file;
      ++addresses;
    }
    EXPECT_GT(addresses, 0) << file;
  }
  const std::string manifest = get("/manifest.mpd" + query).body;
  EXPECT_THAT(manifest, HasSubstr("init.mp4" + query));
  EXPECT_THAT(manifest, HasSubstr(".m4s" + query));
  EXPECT_THAT(manifest, HasSubstr("en.vtt" + query));
  const std::string page = get(query).body;
  EXPECT_THAT(page, HasSubstr("/master.m3u8" + query));
  EXPECT_THAT(page, HasSubstr("/720.mp4" + query));
}

TEST_F(PlaybackRoutes, TheOwnersKeyPlaysWithoutAToken) {
  make_signed();
  EXPECT_EQ(house.call("GET", "/play/" + id + "/720.mp4").status, 200);
  EXPECT_EQ(house.ask({.target = "/play/" + id + "/720.mp4", .key = "sk-wrong"}).status, 401);
}

TEST_F(PlaybackRoutes, ExpiryIsATimeInTheFutureAndNotTooFar) {
  const std::string path = "/v2/media/" + id + "/playback-token";
  for (const char* body : {R"({"expires":"2001-01-01T00:00:00Z"})", R"({"expires":"2999-01-01T00:00:00Z"})",
                           R"({"expires":"soon"})", R"({"expires":7})"}) {
    const Reply reply = house.call("POST", path, body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_NE(reply.at("data.expires"), "absent") << body;
  }
  EXPECT_EQ(house.call("POST", "/v2/media/nothing/playback-token", "{}").status, 404);
  const Reply reply = house.call("POST", path, "{}");
  EXPECT_THAT(reply.at("data.urls.hls"), HasSubstr("/play/" + id + "/master.m3u8?token=" + reply.at("data.token")));
}

TEST_F(PlaybackRoutes, AnyPageMayPlay) {
  for (const char* file : {"/master.m3u8", "/720.mp4", "/nothing.mp4"}) {
    EXPECT_EQ(get(file).field("access-control-allow-origin"), "*") << file;
    EXPECT_EQ(get(file, {{"origin", "https://elsewhere"}}).field("access-control-allow-origin"), "*") << file;
  }
  const Reply preflight = house.ask({.method = "OPTIONS",
                                     .target = "/play/" + id + "/720.mp4",
                                     .fields = {{"origin", "https://elsewhere"},
                                                {"access-control-request-method", "GET"},
                                                {"access-control-request-headers", "range"}}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.field("access-control-allow-headers"), "range");
  const Reply elsewhere = house.ask({.target = "/v2/media", .fields = {{"origin", "https://elsewhere"}}});
  EXPECT_EQ(elsewhere.fields.get("access-control-allow-origin"), std::nullopt);
}

TEST_F(PlaybackRoutes, ThePageIsStrictAndEscapesTheTitle) {
  const Reply page = get("");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.field("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.field("content-security-policy"), StartsWith("default-src 'none'; script-src 'self'"));
  EXPECT_EQ(page.field("referrer-policy"), "no-referrer");
  EXPECT_THAT(page.body, HasSubstr("<title>A &lt;clip&gt; &amp; &quot;more&quot;</title>"));
  EXPECT_THAT(page.body, Not(HasSubstr("<clip>")));
  EXPECT_THAT(page.body, HasSubstr("data-hls=\"/play/" + id + "/master.m3u8\""));
  EXPECT_THAT(page.body, HasSubstr("poster=\"/play/" + id + "/thumbnail-1.jpg\""));
}

TEST_F(PlaybackRoutes, ThePagesFilesAreServed) {
  for (const char* name : {"hls.js", "player.js", "player.css"}) {
    const std::string path = std::string("/player/") + name;
    const Reply reply = house.ask({.target = path});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, playback::player_file(name)->text);
    EXPECT_EQ(reply.field("cache-control"), "public, max-age=60");
    const std::string version(playback::player_file(name)->version);
    EXPECT_THAT(house.ask({.target = path + "?v=" + version}).field("cache-control"), HasSubstr("immutable"));
    EXPECT_EQ(house.ask({.target = path, .fields = {{"if-none-match", reply.field("etag")}}}).status, 304);
  }
  EXPECT_EQ(house.ask({.target = "/player/other.js"}).status, 404);
}

TEST_F(PlaybackRoutes, PeopleAreRefusedInAPage) {
  const Reply reply = house.ask({.target = "/play/nothing", .fields = {{"accept", "text/html,*/*"}}});
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.field("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(reply.content_length, reply.body.size());
  EXPECT_EQ(house.ask({.target = "/play/nothing"}).field("content-type"), "application/json");
}

TEST_F(PlaybackRoutes, PicturesHaveAPageToo) {
  change([](media::Media& media) { media.type = media::MediaType::kDocument; });
  const std::string page = get("").body;
  EXPECT_THAT(
      page, HasSubstr("<img alt=\"A &lt;clip&gt; &amp; &quot;more&quot;\" src=\"/play/" + id + "/thumbnail-1.jpg\">"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
}

}  // namespace
}  // namespace millrace::handlers
