#include "media/transcripts/quiet_cuts.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

TEST(QuietCuts, ShortSpeechIsOnePiece) {
  EXPECT_TRUE(cut_where_quiet({}).empty());
  const std::vector<std::uint16_t> loud(kPieceFramesMax, 100);
  EXPECT_EQ(cut_where_quiet(loud), (std::vector<FrameRun>{{0, kPieceFramesMax}}));
}

TEST(QuietCuts, CutsInTheMiddleOfTheQuietestMoment) {
  std::vector<std::uint16_t> loudness(kPieceFramesMax + 400, 100);
  for (std::size_t i = 1'200; i < 1'220; ++i) loudness[i] = 1;
  loudness[500] = loudness[1'400] = 0;  // too early; too short
  const auto pieces = cut_where_quiet(loudness);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_GE(pieces[0].count, 1'200u);
  EXPECT_LE(pieces[0].count, 1'220u);
  EXPECT_EQ(pieces[1], (FrameRun{pieces[0].count, loudness.size() - pieces[0].count}));
}

TEST(QuietCuts, EveryFrameIsInOnePiece) {
  const std::vector<std::uint16_t> loudness(100'003, 7);
  std::size_t next = 0;
  for (const FrameRun& piece : cut_where_quiet(loudness)) {
    EXPECT_EQ(piece.first, next);
    EXPECT_LE(piece.count, kPieceFramesMax);
    next += piece.count;
  }
  EXPECT_EQ(next, loudness.size());
}

TEST(QuietCuts, LoudnessIsTheMeanOfAFrame) {
  std::vector<std::int16_t> samples(kFrameSamples, -100);
  samples.push_back(-32'768);
  EXPECT_EQ(loudness_of(samples), (std::vector<std::uint16_t>{100, 32'768}));
}

}  // namespace
}  // namespace millrace::media
