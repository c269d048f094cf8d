#include "server/http/range.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

using Kind = RangeChoice::Kind;

void expect_part(const char* field, std::uint64_t size, ByteRange range) {
  const RangeChoice choice = choose_range(field, size);
  EXPECT_EQ(choice.kind, Kind::kPart) << field;
  EXPECT_EQ(choice.range, range) << field << ": " << choice.range.first << "+" << choice.range.length;
}

TEST(Range, chooses_parts) {
  expect_part("bytes=0-0", 10, {0, 1});
  expect_part("bytes=2-5", 10, {2, 4});
  expect_part("bytes=2-", 10, {2, 8});
  expect_part("bytes=-3", 10, {7, 3});
  expect_part("bytes=-30", 10, {0, 10});
  expect_part("Bytes= 2 - 99", 10, {2, 8});
  expect_part("bytes=0-99999999999999999999", 10, {0, 10});
  expect_part("bytes=-99999999999999999999", 10, {0, 10});
}

TEST(Range, tells_what_cannot_be_satisfied) {
  for (const char* field : {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(choose_range(field, 10).kind, Kind::kUnsatisfiable) << field;
  }
  EXPECT_EQ(choose_range("bytes=0-", 0).kind, Kind::kUnsatisfiable);
  EXPECT_EQ(choose_range("bytes=-5", 0).kind, Kind::kUnsatisfiable);
}

TEST(Range, sends_the_whole_where_the_field_is_no_single_range) {
  for (const char* field : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=1-2,4-5", "items=0-1",
                            "bytes=0x1-2", "bytes=+1-2", "bytes 0-1", "bytes=1"}) {
    const RangeChoice choice = choose_range(field, 10);
    EXPECT_EQ(choice.kind, Kind::kWhole) << field;
    EXPECT_EQ(choice.range, (ByteRange{0, 10})) << field;
  }
  EXPECT_EQ(choose_range(std::nullopt, 10).kind, Kind::kWhole);
}

TEST(Range, writes_content_range) {
  EXPECT_EQ(content_range({2, 3}, 10), "bytes 2-4/10");
  EXPECT_EQ(content_range_unsatisfied(10), "bytes */10");
}

TEST(Range, reads_content_range) {
  const auto part = parse_content_range("bytes 2-4/10").value();
  EXPECT_EQ(part.range, (ByteRange{2, 3}));
  EXPECT_EQ(part.size_bytes, 10U);
  EXPECT_FALSE(parse_content_range("bytes 2-4/*").value().size_bytes);
  const auto question = parse_content_range("bytes */10").value();
  EXPECT_FALSE(question.range);
  EXPECT_EQ(question.size_bytes, 10U);
}

TEST(Range, refuses_malformed_content_range) {
  for (const char* field : {"", "bytes", "bytes ", "bytes=0-1/2", "bytes 0-1", "bytes 1-0/5", "bytes 0-5/5",
                            "bytes */*", "bytes -1/5", "bytes 0-/5", "bytes 0-99999999999999999999/*", "bytes a-b/c",
                            "bytes 0-1/99999999999999999999", "items 0-1/2"}) {
    const auto parsed = parse_content_range(field);
    ASSERT_FALSE(parsed) << field;
    EXPECT_EQ(parsed.error().field, "content-range");
  }
}

}  // namespace
}  // namespace millrace::http
