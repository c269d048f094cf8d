#include "server/http/utf8.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

TEST(Utf8, knows_what_is_none) {
  for (const char* good : {"", "plain", "ä", "日本", "\xf0\x9f\x8e\xac", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good));
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xc3", "\xe6\x97"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Utf8, counts_characters) {
  EXPECT_EQ(utf8_characters(""), 0U);
  EXPECT_EQ(utf8_characters("aä日\xf0\x9f\x8e\xac"), 4U);
}

}  // namespace
}  // namespace millrace::http
