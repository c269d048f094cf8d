#include "server/http/structured.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

TEST(Structured, IntegersHaveUpToFifteenDigits) {
  EXPECT_EQ(parse_integer_item("0"), 0);
  EXPECT_EQ(parse_integer_item("  42 "), 42);
  EXPECT_EQ(parse_integer_item("-7"), -7);
  EXPECT_EQ(parse_integer_item("999999999999999"), 999999999999999);
  for (const char* field : {"", "-", "1000000000000000", "1.5", "1 2", "1,2", "\"1\"", "?1", "x", "--1", "+1"}) {
    EXPECT_EQ(parse_integer_item(field), std::nullopt) << field;
  }
}

TEST(Structured, BooleansAreQuestionMarks) {
  EXPECT_EQ(parse_boolean_item("?1"), true);
  EXPECT_EQ(parse_boolean_item("?0 "), false);
  for (const char* field : {"", "?", "?2", "1", "true", "?1?1", "?1,?0", "?10"}) {
    EXPECT_EQ(parse_boolean_item(field), std::nullopt) << field;
  }
}

TEST(Structured, ParametersAreReadOver) {
  EXPECT_EQ(parse_integer_item("5;a;b=1;c=\"x\\\"y\";d=:YQ==:; e=?0;*f=tok/en;g=-1.5"), 5);
  EXPECT_EQ(parse_boolean_item("?1;q"), true);
  for (const char* field : {"5;", "5;A", "5;a=", "5;a=\"x", "5;a=:x", "5;a=?", "5;a=1 2", "5;a=\"x\\y\"", "5 ;a"}) {
    EXPECT_EQ(parse_integer_item(field), std::nullopt) << field;
  }
}

}  // namespace
}  // namespace millrace::http
