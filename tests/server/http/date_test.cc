#include "server/http/date.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

TEST(Date, goes_both_ways) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{951782400}, std::int64_t{4102444799}}) {
    EXPECT_EQ(parse_http_date(http_date(time)), time);
  }
}

TEST(Date, refuses_other_forms) {
  for (const char* bad :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

TEST(Date, is_cached_by_the_second) {
  EXPECT_EQ(current_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(current_http_date(784111778), "Sun, 06 Nov 1994 08:49:38 GMT");
}

}  // namespace
}  // namespace millrace::http
