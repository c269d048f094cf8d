#include "media/uploads/part_sums.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace millrace::media {
namespace {

class PartSumsTest : public testing::Test {
 protected:
  void know(const PartSum& sum, const std::string& id = "a") { sums.keep(id, sums.begin_count(id), sum); }

  PartSums sums;
};

TEST_F(PartSumsTest, commits_move_what_is_known) {
  know({.bytes = 10, .parts = 2, .active_ms = 5});
  PartSums::Change(sums, "a").committed(7, {}, 9);
  EXPECT_EQ(sums.find("a"), (PartSum{17, 3, 9}));
  PartSums::Change(sums, "a").committed(1, 7, 8);
  EXPECT_EQ(sums.find("a"), (PartSum{11, 3, 9}));
  PartSums::Change(sums, "a").failed();
  EXPECT_EQ(sums.find("a"), (PartSum{11, 3, 9}));
}

TEST_F(PartSumsTest, what_is_not_known_is_not_made_up) {
  PartSums::Change(sums, "a").committed(7, {}, 9);
  EXPECT_FALSE(sums.find("a"));
  EXPECT_EQ(sums.size(), 0u);
}

TEST_F(PartSumsTest, unknown_outcome_drops_it) {
  know({.bytes = 10});
  {
    const PartSums::Change change(sums, "a");
  }
  EXPECT_FALSE(sums.find("a"));
}

TEST_F(PartSumsTest, count_beside_a_commit_is_not_kept) {
  const auto before = sums.begin_count("a");
  {
    PartSums::Change change(sums, "a");
    sums.keep("a", before, {});
    EXPECT_FALSE(sums.find("a")) << "it began before";
    const auto beside = sums.begin_count("a");
    sums.keep("a", beside, {});
    EXPECT_FALSE(sums.find("a")) << "it runs";
    change.committed(1, {}, 1);
    sums.keep("a", beside, {});
    EXPECT_FALSE(sums.find("a"));
  }
  sums.keep("a", before, {});
  EXPECT_FALSE(sums.find("a"));
}

TEST_F(PartSumsTest, count_that_began_beside_a_commit_is_not_kept) {
  PartSums::Ticket beside = 0;
  {
    PartSums::Change change(sums, "a");
    beside = sums.begin_count("a");
    change.committed(1, {}, 1);
  }
  sums.keep("a", beside, {});
  EXPECT_FALSE(sums.find("a"));
}

TEST_F(PartSumsTest, are_bounded) {
  PartSums::Change change(sums, "busy");
  for (std::size_t i = 0; i < 2 * PartSums::kKeptMax; ++i) know({.bytes = i}, fmt::format("{}", i));
  EXPECT_LE(sums.size(), PartSums::kKeptMax);
  EXPECT_TRUE(sums.find(fmt::format("{}", 2 * PartSums::kKeptMax - 1)));
  change.committed(1, {}, 1);
}

TEST_F(PartSumsTest, forgotten_ones_are_gone) {
  know({.bytes = 10});
  sums.forget("a");
  EXPECT_FALSE(sums.find("a"));
  EXPECT_EQ(sums.size(), 0u);
  sums.forget("a");
}

}  // namespace
}  // namespace millrace::media
