#include "server/http/url.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

TEST(Url, decodes_percent_encoding) {
  EXPECT_EQ(percent_decode("a%20b%2f+"), "a b/+");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("%00"), std::string("\0", 1));
  for (const char* bad : {"%", "%2", "a%", "%zz", "%2g", "%-1"}) EXPECT_FALSE(percent_decode(bad)) << bad;
}

TEST(Url, encodes_all_but_unreserved) {
  EXPECT_EQ(percent_encode("aZ09-._~/ +ü*"), "aZ09-._~%2F%20%2B%C3%BC%2A");
  EXPECT_EQ(percent_encode("a/b", true), "a/b");
  for (int c = 0; c < 256; ++c) {
    const std::string text(1, static_cast<char>(c));
    EXPECT_EQ(percent_decode(percent_encode(text)), text);
  }
}

TEST(Url, splits_queries) {
  EXPECT_EQ(parse_query("a=1&b&=c&&d=e=f&a=%26"), (Pairs{{"a", "1"}, {"b", ""}, {"", "c"}, {"d", "e=f"}, {"a", "&"}}));
  EXPECT_EQ(parse_query(""), Pairs());
  EXPECT_FALSE(parse_query("a=%"));
}

}  // namespace
}  // namespace millrace::http
