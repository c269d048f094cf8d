#include "media/imports/answer.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

Answer judged(int status, outbound::Fields fields, std::uint64_t offset = 0) {
  return judge({status, std::move(fields), {}}, offset);
}

TEST(Answer, TellsTheWholeFromTheRest) {
  const Answer whole = judged(200, {{"content-length", "10"}, {"etag", "\"a\""}, {"content-type", "video/mp4; x=y"}});
  EXPECT_EQ(whole.kind, AnswerKind::kWhole);
  EXPECT_EQ(whole.total_bytes, 10u);
  EXPECT_EQ(whole.validator, "\"a\"");
  EXPECT_EQ(whole.content_type, "video/mp4");
  EXPECT_EQ(judged(200, {}, 5).kind, AnswerKind::kWhole);
  const Answer rest = judged(206, {{"content-range", "bytes 5-9/10"}}, 5);
  EXPECT_EQ(rest.kind, AnswerKind::kRest);
  EXPECT_EQ(rest.total_bytes, 10u);
  EXPECT_EQ(judged(206, {{"content-range", "bytes 5-9/*"}}, 5).total_bytes, std::nullopt);
}

TEST(Answer, JoinsNoRangeThatWasNotAskedFor) {
  EXPECT_EQ(judged(206, {{"content-range", "bytes 4-9/10"}}, 5).kind, AnswerKind::kAnew);
  EXPECT_EQ(judged(206, {{"content-range", "bytes 6-9/10"}}, 5).kind, AnswerKind::kAnew);
  EXPECT_EQ(judged(206, {}, 5).kind, AnswerKind::kAnew);
  EXPECT_EQ(judged(206, {{"content-range", "bytes 0-9/10"}}).kind, AnswerKind::kNever);
  EXPECT_EQ(judged(416, {{"content-range", "bytes */5"}}, 5).kind, AnswerKind::kAllHere);
  EXPECT_EQ(judged(416, {{"content-range", "bytes */4"}}, 5).kind, AnswerKind::kAnew);
  EXPECT_EQ(judged(416, {}, 5).kind, AnswerKind::kAnew);
  EXPECT_EQ(judged(416, {}).kind, AnswerKind::kNever);
}

TEST(Answer, TriesAgainWhatMayPass) {
  for (int status : {408, 425, 429, 500, 502, 503, 504, 599}) EXPECT_EQ(judged(status, {}).kind, AnswerKind::kLater);
  for (int status : {204, 304, 302, 400, 401, 403, 404, 410}) EXPECT_EQ(judged(status, {}).kind, AnswerKind::kNever);
  EXPECT_EQ(judged(404, {}).words, "the server answered 404 Not Found");
  EXPECT_EQ(judged(503, {{"retry-after", "7"}}).wait_ms, 7000);
  EXPECT_EQ(judged(503, {{"retry-after", "soon"}}).wait_ms, std::nullopt);
  EXPECT_EQ(judged(503, {{"retry-after", "99999999999999999999"}}).wait_ms, std::nullopt);
}

TEST(Answer, GoesOnByStrongValidatorsOnly) {
  EXPECT_EQ(judged(200, {{"etag", "W/\"a\""}, {"last-modified", "Sat, 21 Nov 2026 00:00:00 GMT"}}).validator, "");
  EXPECT_EQ(judged(200, {{"last-modified", "Sat, 21 Nov 2026 00:00:00 GMT"}}).validator,
            "Sat, 21 Nov 2026 00:00:00 GMT");
  EXPECT_EQ(judged(200, {{"etag", "\""}}).validator, "");
  EXPECT_EQ(judged(200, {}).validator, "");
}

TEST(ContentRange, IsReadStrictly) {
  EXPECT_EQ(parse_content_range("bytes 0-0/1")->first, 0u);
  EXPECT_EQ(parse_content_range("bytes */0")->total, 0u);
  for (std::string_view text :
       {"", "bytes", "bytes ", "bytes 1-0/2", "bytes 0-1/1", "bytes 0-/2", "bytes -1/2", "bytes */*", "items 0-1/2",
        "bytes 0-1", "bytes 0-1/x", "bytes 0-99999999999999999999/*", "bytes +0-1/2"}) {
    EXPECT_FALSE(parse_content_range(text)) << text;
  }
}

TEST(Disposition, NamesAFileAndNoPath) {
  EXPECT_EQ(disposition_file_name("attachment; filename=a.mp4"), "a.mp4");
  EXPECT_EQ(disposition_file_name("attachment; FileName=\"a \\\"b\\\"; c.mp4\"; x=y"), "a \"b\"; c.mp4");
  EXPECT_EQ(disposition_file_name("inline; filename=plain.bin; filename*=UTF-8'de'na%C3%AFve.bin"), "naïve.bin");
  EXPECT_EQ(disposition_file_name("inline; filename*=utf-8''x%2F..%2Fpasswd"), "passwd");
  EXPECT_EQ(disposition_file_name("attachment; filename=\"C:\\\\dir\\\\a.mp4\""), "a.mp4");
  EXPECT_EQ(disposition_file_name("inline; filename*=UTF-8''%00; filename=good"), "good");
  for (std::string_view text :
       {"", "attachment", "attachment;", "attachment; filename", "attachment; filename=", "attachment; filename=\"",
        "attachment; filename=\"..\"", "attachment; filename=\"a\nb\"", "attachment; filename=\"\xff\"",
        "attachment; filename=\"dir/\""}) {
    EXPECT_EQ(disposition_file_name(text), "") << text;
  }
}

}  // namespace
}  // namespace millrace::media
