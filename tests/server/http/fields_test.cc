#include "server/http/fields.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

TEST(Fields, keep_their_order_and_repetitions) {
  Fields fields;
  fields.add("a", "1");
  fields.add("b", "");
  fields.add("a", "2");
  EXPECT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields.get("a"), "1");
  EXPECT_EQ(fields.get("b"), "");
  EXPECT_FALSE(fields.get("c"));
  EXPECT_EQ(fields.count("a"), 2U);
  EXPECT_EQ(fields[2].value, "2");
  EXPECT_EQ(fields.bytes(), 5U);
}

TEST(Fields, set_replaces_all) {
  Fields fields;
  fields.add("a", "1");
  fields.add("b", "2");
  fields.add("a", "3");
  fields.set("a", "4");
  EXPECT_EQ(fields.count("a"), 1U);
  EXPECT_EQ(fields.get("a"), "4");
  fields.remove("b");
  EXPECT_FALSE(fields.get("b"));
  fields.clear();
  EXPECT_TRUE(fields.empty());
}

}  // namespace
}  // namespace millrace::http
