#include "server/ops/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/http/json.h"

namespace millrace::ops {
namespace {

using testing::HasSubstr;
using testing::Not;

class FakeExchange final : public http::Exchange {
 public:
  void inform(int, const http::Fields&) override {}
};

TEST(Log, MasksSecretsInTheQuery) {
  EXPECT_EQ(masked_target("/uploads/up1?X-Amz-Date=20260101&X-Amz-Signature=abc&x=1"),
            "/uploads/up1?X-Amz-Date=20260101&X-Amz-Signature=***&x=1");
  EXPECT_EQ(masked_target("/play?token=abc"), "/play?token=***");
  EXPECT_EQ(masked_target("/p?x-amz-security-token=abc&TOKEN"), "/p?x-amz-security-token=***&TOKEN=***");
  EXPECT_EQ(masked_target("/v2/downloads/file/00ff?x=1"), "/v2/downloads/file/***?x=1");
  EXPECT_EQ(masked_target("/v2/downloads/00ff"), "/v2/downloads/00ff");
  EXPECT_EQ(masked_target("/plain"), "/plain");
  EXPECT_EQ(masked_target("/plain?"), "/plain");
}

TEST(Log, AJsonLineIsJsonWhateverPeersSend) {
  std::string lines;
  append_line(lines, true, Level::kWarning, "a \"quoted\"\nline", {{"field", "\xff\x01\\"}});
  ASSERT_EQ(lines.back(), '\n');
  EXPECT_EQ(lines.find('\n'), lines.size() - 1);
  const auto json = http::Json::parse_object(lines);
  ASSERT_TRUE(json) << lines;
  EXPECT_EQ(json->required_text("level"), "warning");
  EXPECT_EQ(json->required_text("message"), "a \"quoted\"\nline");
}

TEST(Log, AConsoleLineIsOneLine) {
  std::string lines;
  append_line(lines, false, Level::kInfo, "m\r\nx", {{"who", "a b"}});
  EXPECT_EQ(lines.find('\n'), lines.size() - 1);
  EXPECT_THAT(lines, HasSubstr("who=\"a b\""));
}

TEST(Log, ARequestLineTellsWhatHappenedWithoutSecrets) {
  FakeExchange exchange;
  exchange.request.method = http::Method::kPut;
  exchange.request.method_text = "PUT";
  exchange.request.target = "/uploads/up1?X-Amz-Signature=secret";
  exchange.request.peer = {"192.0.2.1", true, http::Protocol::kHttp2};
  exchange.id = "r1";
  exchange.tenant = "default";
  for (const bool json : {true, false}) {
    std::string lines;
    append_request_line(lines, json, exchange, {.status = 200, .sent_bytes = 5, .received_bytes = 7, .error = "reset"},
                        1500);
    EXPECT_THAT(lines, Not(HasSubstr("secret")));
    for (const char* part : {"PUT", "/uploads/up1", "200", "1.5", "r1", "default", "192.0.2.1", "h2", "reset"}) {
      EXPECT_THAT(lines, HasSubstr(part));
    }
    if (json) {
      EXPECT_TRUE(http::Json::parse_object(lines)) << lines;
    }
  }
}

TEST(Log, WritesWhatItsLevelAllows) {
  Log log(true, Level::kWarning);
  EXPECT_FALSE(log.writes(Level::kInfo));
  log.set_level(Level::kDebug);
  EXPECT_TRUE(log.writes(Level::kInfo));
  log.set_level(level_of("off"));
  EXPECT_FALSE(log.writes(Level::kError));
}

TEST(Log, WhatIsQueuedIsWrittenBeforeItGoes) {
  testing::internal::CaptureStderr();
  {
    Log log(false, Level::kInfo);
    log.write(Level::kInfo, "one");
    log.write(Level::kDebug, "two");
    log.write_lines("three\n");
  }
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("one"));
  EXPECT_THAT(text, Not(HasSubstr("two")));
  EXPECT_TRUE(text.ends_with("three\n")) << text;
}

}  // namespace
}  // namespace millrace::ops
