#include "handlers/playback/hls.h"

#include <gtest/gtest.h>

#include "tests/handlers/playback/stage.h"

namespace millrace::handlers::playback {
namespace {

media::Playable playable() {
  return {.media = {}, .renditions = {track("v720", 720, "avc1.64001f"), track("a", 0, "mp4a.40.2")}};
}

TEST(Hls, MasterNamesVariantsSoundAndSubtitles) {
  const media::Playable media = playable();
  EXPECT_EQ(
      master_playlist(presentation_of(media, {"en"}, "?token=x")),
      "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Audio\",DEFAULT=YES,AUTOSELECT=YES,URI=\"a.m3u8?token=x\"\n"
      "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=YES,"
      "FORCED=NO,URI=\"text/en.m3u8?token=x\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=80,AVERAGE-BANDWIDTH=54,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,"
      "FRAME-RATE=25.000,AUDIO=\"audio\",SUBTITLES=\"text\"\nv720.m3u8?token=x\n");
}

TEST(Hls, SoundAloneIsAVariantOfItsOwn) {
  const media::Playable media{.media = {}, .renditions = {track("a", 0, "mp4a.40.2")}};
  EXPECT_EQ(master_playlist(presentation_of(media, {}, "")),
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-STREAM-INF:BANDWIDTH=40,AVERAGE-BANDWIDTH=27,CODECS=\"mp4a.40.2\"\na.m3u8\n");
}

TEST(Hls, NamesCannotBreakOutOfTheirLine) {
  const media::Playable media = playable();
  const std::string text = master_playlist(presentation_of(media, {"e\"n\nx/y"}, ""));
  EXPECT_NE(text.find("NAME=\"enx/y\",LANGUAGE=\"enx/y\""), text.npos) << text;
  EXPECT_NE(text.find("URI=\"text/e%22n%0Ax%2Fy.m3u8\""), text.npos) << text;
}

TEST(Hls, MediaPlaylistHasEverySegment) {
  const media::Rendition v720 = track("v720", 720, "avc1.64001f");
  EXPECT_EQ(media_playlist(v720, "?token=x"),
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"v720/init.mp4?token=x&v=00000000\"\n"
            "#EXTINF:4.000,\nv720/1.m4s?token=x&v=00000000\n#EXTINF:4.000,\nv720/2.m4s?token=x&v=00000000\n"
            "#EXTINF:2.500,\nv720/3.m4s?token=x&v=00000000\n#EXT-X-ENDLIST\n");
}

TEST(Hls, TargetDurationIsTheLongestSegmentRounded) {
  media::Rendition a = track("a", 0, "mp4a.40.2");
  const std::pair<std::uint32_t, const char*> cases[] = {
      {100, "TARGETDURATION:1\n"}, {4'499, "TARGETDURATION:4\n"}, {4'500, "TARGETDURATION:5\n"}};
  for (const auto& [ms, expected] : cases) {
    a.segments = {{4, 10, ms}};
    EXPECT_NE(media_playlist(a, "").find(expected), std::string::npos) << ms;
  }
}

TEST(Hls, SubtitlesAreOneSegment) {
  const media::Playable media = playable();
  EXPECT_EQ(text_playlist(presentation_of(media, {"en"}, "?token=x"), "en"),
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:11\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD\n"
            "#EXTINF:10.500,\nen.vtt?token=x\n#EXT-X-ENDLIST\n");
}

}  // namespace
}  // namespace millrace::handlers::playback
