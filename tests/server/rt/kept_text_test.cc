#include "server/rt/kept_text.h"

#include <gtest/gtest.h>

namespace millrace::rt {
namespace {

TEST(KeptText, counts_in_its_share_and_in_the_budget) {
  Budget budget(std::size_t{64} << 20);
  TextShare share(budget);
  EXPECT_EQ(share.limit_bytes(), std::size_t{16} << 20);
  {
    KeptText text;
    EXPECT_TRUE(text.add(std::size_t{1} << 40)) << "not counted yet";
    text.count_in(share);
    EXPECT_TRUE(text.add(std::size_t{5} << 20));
    EXPECT_FALSE(text.add(std::size_t{5} << 20)) << "the text and what is made of it";
    EXPECT_TRUE(text.add(std::size_t{3} << 20));
    EXPECT_EQ(share.used_bytes(), std::size_t{16} << 20);
    EXPECT_EQ(budget.used_bytes(), share.used_bytes());
  }
  EXPECT_EQ(share.used_bytes(), 0U);
  EXPECT_EQ(budget.used_bytes(), 0U);
}

TEST(KeptText, a_small_budget_has_room_for_a_document) {
  Budget budget(std::size_t{1} << 20);
  EXPECT_EQ(TextShare(budget).limit_bytes(), TextShare::kBytesMin);
}

}  // namespace
}  // namespace millrace::rt
