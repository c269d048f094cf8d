#include "server/rt/text.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace millrace::rt {
namespace {

TEST(Text, ANumberIsDigitsAndNothingElse) {
  EXPECT_EQ(whole_number<std::uint32_t>("4294967295"), 4294967295u);
  EXPECT_EQ(whole_number<std::int64_t>("-5"), -5);
  EXPECT_EQ(whole_number<std::uint64_t>("ff", 16), 255u);
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "0x1", "4294967296", "-1"}) {
    EXPECT_EQ(whole_number<std::uint32_t>(text), std::nullopt) << text;
  }
}

TEST(Text, ADecimalMayHaveAFraction) {
  EXPECT_EQ(decimal("1.5"), 1.5);
  EXPECT_EQ(decimal("1.5,"), std::nullopt);
  EXPECT_EQ(decimal(""), std::nullopt);
}

TEST(Text, BlanksAroundAreCutOff) {
  EXPECT_EQ(trimmed(" \t a b\t"), "a b");
  EXPECT_EQ(trimmed(" \t "), "");
  EXPECT_EQ(trimmed("a\r\n", " \r\n"), "a");
}

TEST(Text, CaseIsThatOfAscii) {
  EXPECT_EQ(lowered("ÄBC-z"), "Äbc-z");
  EXPECT_TRUE(same_word("Content-Type", "content-TYPE"));
  EXPECT_FALSE(same_word("a", "ab"));
  EXPECT_FALSE(same_word("[", "{"));
}

}  // namespace
}  // namespace millrace::rt
