#include "media/transcripts/engine_output.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

TEST(Ctm, WordsHaveTimesAndConfidence) {
  const auto words = parse_ctm("piece 1 0.29 0.39 and 0.978\npiece 1 1.62 0.53 for(2) 0.379\n");
  ASSERT_TRUE(words);
  EXPECT_EQ(*words, (std::vector<Word>{{"and", 290, 680, 0.978}, {"for", 1620, 2150, 0.379}}));
}

TEST(Ctm, SilenceIsNoWordAndNothingIsNoWords) {
  EXPECT_TRUE(parse_ctm("")->empty());
  EXPECT_TRUE(parse_ctm("p 1 0.1 0.2 <sil> 0.9\np 1 0.1 0.2 [NOISE] 0.9\np 1 0.1 0.2 ++UH++ 0.9\n")->empty());
}

TEST(Ctm, WordsAreSortedByTime) {
  const auto words = parse_ctm("p 1 2.0 0.1 b 1.0\np 1 1.0 0.1 a 1.004\n");
  ASSERT_TRUE(words);
  EXPECT_EQ(words->front().text, "a");
  EXPECT_EQ(words->front().confidence, 1.0);
}

TEST(Ctm, AnythingElseIsRefused) {
  for (const char* text : {"p 1 0.29 0.39 and\n", "p 1 x 0.39 and 0.9\n", "p 1 -1 0.39 and 0.9\n",
                           "p 1 0.1 0.2 a 0.9 more\n", "p 1 1e9 0.2 a 0.9\n", "p 1 nan 0.2 a 0.9\n",
                           "p 1 99999999 0.2 a 0.9\n", "p 1 0.1 0.2 \xff 0.9\n", "p 1 0.1 0.2 a\tb 0.9\n"}) {
    const auto words = parse_ctm(text);
    ASSERT_FALSE(words) << text;
    EXPECT_EQ(words.error().code, rt::Code::kUnprocessable);
  }
  EXPECT_FALSE(parse_ctm("p 1 0.1 0.2 " + std::string(kWordBytesMax + 1, 'a') + " 0.9\n"));
}

TEST(Whisper, SegmentsAreWords) {
  const auto words = parse_whisper(R"({"result":{"language":"en"},"transcription":[
    {"timestamps":{"from":"00:00:00,320","to":"00:00:01,140"},"offsets":{"from":320,"to":1140},"text":" And"},
    {"offsets":{"from":1140,"to":1540},"text":" so my"},
    {"offsets":{"from":1540,"to":1600},"text":" [BLANK_AUDIO]"},
    {"offsets":{"from":1600,"to":1500},"text":" fellow"},
    {"offsets":{"from":1700,"to":1800},"text":" "}]})");
  ASSERT_TRUE(words);
  EXPECT_EQ(*words,
            (std::vector<Word>{
                {"And", 320, 1140, 0}, {"so", 1140, 1340, 0}, {"my", 1340, 1540, 0}, {"fellow", 1600, 1600, 0}}));
}

TEST(Whisper, AnythingElseIsRefused) {
  for (const char* json : {"", "[]", "{}", R"({"transcription":{}})", R"({"transcription":[{}]})",
                           R"({"transcription":[{"text":"a","offsets":{"from":-1,"to":1}}]})",
                           R"({"transcription":[{"text":"a","offsets":{"from":"1","to":1}}]})",
                           R"({"transcription":[{"text":7,"offsets":{"from":1,"to":1}}]})"}) {
    const auto words = parse_whisper(json);
    ASSERT_FALSE(words) << json;
    EXPECT_EQ(words.error().code, rt::Code::kUnprocessable);
  }
}

}  // namespace
}  // namespace millrace::media
