#include "media/transcripts/formats.h"

#include <gtest/gtest.h>

#include "server/http/json.h"

namespace millrace::media {
namespace {

Transcript saying(std::vector<Word> words) {
  Transcript transcript;
  transcript.id = "t1";
  transcript.media_id = "m1";
  transcript.language = "en";
  transcript.engine = "pocketsphinx";
  transcript.words = std::move(words);
  return transcript;
}

std::vector<Word> counted(int count, std::int64_t every_ms = 300) {
  std::vector<Word> words;
  for (int i = 0; i < count; ++i) {
    words.push_back({"w" + std::to_string(i), i * every_ms, i * every_ms + 200, 0.5});
  }
  return words;
}

TEST(TranscriptFormats, WordsAreReadBack) {
  for (const auto format :
       {TranscriptFormat::kJson, TranscriptFormat::kTxt, TranscriptFormat::kSrt, TranscriptFormat::kVtt}) {
    EXPECT_EQ(parse_transcript_format(word(format)), format);
  }
  EXPECT_FALSE(parse_transcript_format("VTT"));
  EXPECT_FALSE(parse_transcript_format(""));
}

TEST(TranscriptFormats, TextBreaksLinesAtLongPauses) {
  EXPECT_EQ(render(saying({{"ask", 0, 100, 1}, {"not", 100, 200, 1}, {"what", 2200, 2300, 1}}), TranscriptFormat::kTxt),
            "ask not\nwhat\n");
  EXPECT_EQ(render(saying({}), TranscriptFormat::kTxt), "");
}

TEST(TranscriptFormats, WebVttEscapesMarkup) {
  EXPECT_EQ(
      render(saying({{"<b>&", 3'661'001, 3'661'500, 1}, {"a-->b", 3'661'500, 3'661'900, 1}}), TranscriptFormat::kVtt),
      "WEBVTT\n\n01:01:01.001 --> 01:01:01.900\n&lt;b&gt;&amp; a--&gt;b\n");
  EXPECT_EQ(render(saying({}), TranscriptFormat::kVtt), "WEBVTT\n");
}

TEST(TranscriptFormats, SubRipNumbersItsCues) {
  EXPECT_EQ(render(saying({{"one", 0, 400, 1}, {"x--->\n\ny", 2'000, 2'400, 1}}), TranscriptFormat::kSrt),
            "1\n00:00:00,000 --> 00:00:00,400\none\n\n2\n00:00:02,000 --> 00:00:02,400\nx->  y\n");
}

TEST(TranscriptFormats, TimesGoBeyondAHundredHours) {
  const std::int64_t start_ms = 360'000'000 + 5;
  const std::string vtt = render(saying({{"late", start_ms, start_ms + 100, 1}}), TranscriptFormat::kVtt);
  EXPECT_NE(vtt.find("100:00:00.005 --> 100:00:00.105"), vtt.npos) << vtt;
}

TEST(TranscriptFormats, JsonHasEveryWordWithItsTimes) {
  const auto json = http::Json::parse_object(render(saying({{"ask", 1'500, 1'750, 0.25}}), TranscriptFormat::kJson));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->text("languageCode")->value_or(""), "en");
  EXPECT_EQ(json->text("engine")->value_or(""), "pocketsphinx");
  EXPECT_EQ(json->text("text")->value_or(""), "ask");
  const auto words = json->objects("words");
  ASSERT_TRUE(words && *words && (*words)->size() == 1);
  const http::Json& first = (*words)->front();
  EXPECT_EQ(first.text("text")->value_or(""), "ask");
  EXPECT_EQ(first.number("start")->value_or(0), 1.5);
  EXPECT_EQ(first.number("end")->value_or(0), 1.75);
  EXPECT_EQ(first.number("confidence")->value_or(0), 0.25);
}

TEST(Cues, EndAfterSevenWords) {
  const auto all = cues(counted(15));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0], (Cue{0, 6 * 300 + 200, {"w0 w1 w2 w3 w4 w5 w6"}}));
  EXPECT_EQ(all[2].lines, std::vector<std::string>{"w14"});
}

TEST(Cues, EndBeforeTheyGrowTooLong) {
  for (const Cue& cue : cues(counted(20, 850))) EXPECT_LE(cue.end_ms - cue.start_ms, kCueMs);
}

TEST(Cues, EndAtAPause) {
  const auto all = cues({{"a", 0, 100, 1}, {"b", 100 + kPauseMs - 1, 900, 1}, {"c", 900 + kPauseMs, 1'700, 1}});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].lines, std::vector<std::string>{"a b"});
}

TEST(Cues, LongOnesHaveTwoLinesOfAboutTheSameLength) {
  std::vector<Word> words;
  for (int i = 0; i < 7; ++i) words.push_back({"remarkable", i * 100, i * 100 + 90, 1});
  const auto all = cues(words);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].lines, (std::vector<std::string>{"remarkable remarkable remarkable remarkable",
                                                    "remarkable remarkable remarkable"}));
}

TEST(Cues, AWordOfNothingIsNoCueAndOneWithoutLengthIsShown) {
  const auto all = cues({{" \n", 0, 100, 1}, {"hm", 500, 500, 1}});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0], (Cue{500, 501, {"hm"}}));
}

}  // namespace
}  // namespace millrace::media
