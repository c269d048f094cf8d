#include "handlers/playback/dash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/handlers/playback/stage.h"

namespace millrace::handlers::playback {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Dash, NamesTheSameSegmentsAsTheTimelineSays) {
  const media::Playable media{.media = {},
                              .renditions = {track("v720", 720, "avc1.64001f"), track("a", 0, "mp4a.40.2")}};
  const std::string text = dash_manifest(presentation_of(media, {"en"}, "?token=x"));
  EXPECT_THAT(text, HasSubstr("type=\"static\" mediaPresentationDuration=\"PT10.500S\""));
  EXPECT_THAT(text, HasSubstr("<Representation id=\"v720\" bandwidth=\"40\" codecs=\"avc1.64001f\" width=\"1280\" "
                              "height=\"720\" frameRate=\"25000/1000\">"));
  EXPECT_THAT(text, HasSubstr("initialization=\"$RepresentationID$/init.mp4?token=x&amp;v=00000000\" "
                              "media=\"$RepresentationID$/$Number$.m4s?token=x&amp;v=00000000\""));
  EXPECT_THAT(text, HasSubstr("<SegmentTimeline><S t=\"0\" d=\"4000\" r=\"1\"/><S d=\"2500\"/></SegmentTimeline>"));
  EXPECT_THAT(text, HasSubstr("<BaseURL>text/en.vtt?token=x</BaseURL>"));
  EXPECT_EQ(count(text, "<AdaptationSet "), 3u);
  EXPECT_EQ(count(text, "</AdaptationSet>"), 3u);
}

TEST(Dash, CodecsHaveSetsOfTheirOwn) {
  const media::Playable media{.media = {},
                              .renditions = {track("v720", 720, "avc1.64001f"), track("w720", 720, "av01.0.05M.08"),
                                             track("v240", 240, "avc1.640015")}};
  const std::string text = dash_manifest(presentation_of(media, {}, ""));
  EXPECT_EQ(count(text, "<AdaptationSet "), 2u);
  EXPECT_LT(text.find("id=\"v240\""), text.find("id=\"w720\""));
}

TEST(Dash, NothingBreaksOutOfAnAttribute) {
  const media::Playable media{.media = {}, .renditions = {track("v\"<&", 720, "avc1\"><x")}};
  const std::string text = dash_manifest(presentation_of(media, {"e\"n"}, ""));
  EXPECT_THAT(text, Not(HasSubstr("<x")));
  EXPECT_THAT(text, HasSubstr("lang=\"e&quot;n\""));
}

TEST(Dash, TracksWithoutSegmentsAreLeftOut) {
  media::Playable media{.media = {}, .renditions = {track("v720", 720, "avc1.64001f")}};
  media.renditions[0].segments.clear();
  EXPECT_TRUE(is_empty(presentation_of(media, {}, "")));
}

}  // namespace
}  // namespace millrace::handlers::playback
