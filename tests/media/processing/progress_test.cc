#include "media/processing/progress.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

constexpr std::string_view kSaid =
    "frame=12\nfps=0.0\nout_time_us=480000\nout_time_ms=480000\nout_time=00:00:00.480000\nprogress=continue\n"
    "frame=50\nout_time_us=2000000\nprogress=end\n";

TEST(ProgressReaderTest, reads_whatever_pieces_it_comes_in) {
  for (std::size_t piece : {1, 2, 7, 1000}) {
    ProgressReader reader;
    for (std::size_t at = 0; at < kSaid.size(); at += piece) reader.feed(kSaid.substr(at, piece));
    EXPECT_EQ(reader.out_time_ms(), 2000) << piece;
  }
}

TEST(ProgressReaderTest, never_goes_back) {
  ProgressReader reader;
  reader.feed("out_time_us=3000000\nout_time_us=1000000\nout_time_us=-5\nout_time_us=N/A\n");
  EXPECT_EQ(reader.out_time_ms(), 3000);
}

TEST(ProgressReaderTest, an_endless_line_is_dropped) {
  ProgressReader reader;
  for (int i = 0; i < 1000; ++i) reader.feed(std::string(1000, 'x'));
  reader.feed("\nout_time_us=1000\n");
  EXPECT_EQ(reader.out_time_ms(), 1);
}

TEST(PercentTest, stays_within_its_share) {
  EXPECT_EQ(percent_of(0, 1000, 90), 0u);
  EXPECT_EQ(percent_of(500, 1000, 90), 45u);
  EXPECT_EQ(percent_of(5000, 1000, 90), 90u);
  EXPECT_EQ(percent_of(500, 0, 90), 0u) << "an unknown whole";
}

}  // namespace
}  // namespace millrace::media
