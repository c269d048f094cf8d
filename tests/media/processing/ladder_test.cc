#include "media/processing/ladder.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

const std::vector<std::uint32_t> kHeights = {1080, 720, 480, 240};

std::vector<Size> sizes(Size source, std::vector<std::uint32_t> heights = kHeights) {
  std::vector<Size> sizes;
  for (const Rung& rung : ladder_of(source, std::move(heights))) sizes.push_back(rung.size);
  return sizes;
}

TEST(LadderTest, never_upscales_and_keeps_the_shape) {
  struct Row {
    Size source;
    std::vector<Size> rungs;
  };
  const Row rows[] = {
      {{1920, 1080}, {{1920, 1080}, {1280, 720}, {852, 480}, {426, 240}}},
      {{3840, 2160}, {{1920, 1080}, {1280, 720}, {852, 480}, {426, 240}}},
      {{854, 480}, {{854, 480}, {426, 240}}},
      {{1080, 1920}, {{1080, 1920}, {720, 1280}, {480, 852}, {240, 426}}},
      {{1001, 719}, {{668, 480}, {334, 240}}},
      {{720, 720}, {{720, 720}, {480, 480}, {240, 240}}},
      {{160, 120}, {{160, 120}}},
      {{33, 17}, {{32, 16}}},
      {{1, 1}, {{2, 2}}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(sizes(row.source), row.rungs) << row.source.width << "x" << row.source.height;
  }
}

TEST(LadderTest, nothing_for_what_has_no_size) { EXPECT_TRUE(ladder_of({0, 480}, kHeights).empty()); }

TEST(LadderTest, heights_in_any_order_and_twice_are_one_ladder) {
  EXPECT_EQ(sizes({1280, 720}, {240, 720, 240, 0}), (std::vector<Size>{{1280, 720}, {426, 240}}));
}

TEST(LadderTest, larger_rungs_may_take_more_bits) {
  const auto rungs = ladder_of({1920, 1080}, kHeights);
  for (std::size_t i = 1; i < rungs.size(); ++i) {
    EXPECT_GT(rungs[i - 1].bits_per_second_max, rungs[i].bits_per_second_max);
  }
}

TEST(LadderTest, pictures_come_in_the_sizes_below_their_own) {
  EXPECT_EQ(picture_sizes({4000, 3000}), (std::vector<Size>{{1920, 1440}, {1280, 960}, {640, 480}, {320, 240}}));
  EXPECT_EQ(picture_sizes({500, 1000}), (std::vector<Size>{{320, 640}, {160, 320}}));
  EXPECT_EQ(picture_sizes({32, 16}), (std::vector<Size>{{32, 16}}));
}

TEST(LadderTest, fit_is_never_empty) {
  EXPECT_EQ(fit({10000, 1}, 640), (Size{640, 1}));
  EXPECT_EQ(fit({0, 0}, 640), (Size{1, 1}));
}

}  // namespace
}  // namespace millrace::media
