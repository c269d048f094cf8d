#include "handlers/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;

TEST(Gateway, AnswersOperations) {
  House house;
  EXPECT_EQ(house.ask({.target = "/healthz"}).status, 200);
  EXPECT_EQ(house.ask({.target = "/healthz?x=1"}).status, 200);
  EXPECT_EQ(house.ask({.method = "HEAD", .target = "/healthz"}).status, 200);
  EXPECT_EQ(house.ask({.target = "/readyz"}).status, 200);
  EXPECT_EQ(house.ask({.target = "/"}).at("name"), "millrace");
  house.services->draining = true;
  EXPECT_EQ(house.ask({.target = "/readyz"}).status, 503);
  EXPECT_EQ(house.ask({.target = "/healthz"}).status, 200);
}

TEST(Gateway, MetricsAreForTheSameHostOrAnAdmin) {
  House house;
  EXPECT_EQ(house.ask({.target = "/metrics", .peer = "127.0.0.1"}).status, 200);
  EXPECT_EQ(house.ask({.target = "/metrics", .peer = "::1"}).body, "# metrics\n");
  EXPECT_EQ(house.ask({.target = "/metrics"}).status, 401);
  EXPECT_EQ(house.ask({.target = "/metrics", .key = house.admin.bearer}).status, 200);
  EXPECT_EQ(
      house.ask({.target = "/metrics", .fields = {{"x-forwarded-for", "203.0.113.1"}}, .peer = "127.0.0.1"}).status,
      401);
}

TEST(Gateway, RefusesInTheEnvelope) {
  struct Case {
    Ask ask;
    int status;
  };
  const Case cases[] = {
      {{.target = "/nowhere"}, 404},
      {{.target = "/v2/nothing"}, 404},
      {{.target = "/v2/uploads/%zz"}, 400},
      {{.method = "DELETE", .target = "/v2/uploads"}, 405},
      {{.method = "BREW", .target = "/v2/uploads"}, 405},
      {{.target = "/v2/uploads"}, 401},
      {{.target = "/v2/uploads", .key = "sk-wrong"}, 401},
      {{.target = "/v2/uploads", .fields = {{"authorization", "Basic YTpi"}}}, 401},
      {{.method = "PUT", .target = "/uploads/u1"}, 404},
  };
  House house;
  for (const Case& each : cases) {
    const Reply reply = house.ask(each.ask);
    EXPECT_EQ(reply.status, each.status) << each.ask.method << " " << each.ask.target;
    EXPECT_EQ(reply.at("status"), "fail");
    EXPECT_NE(reply.at("message"), "absent");
    EXPECT_EQ(reply.field("x-should-retry"), "false");
  }
}

TEST(Gateway, TellsWhatAPathAllows) {
  House house;
  EXPECT_EQ(house.ask({.method = "DELETE", .target = "/v2/uploads"}).field("allow"), "POST, GET, HEAD, OPTIONS");
  const Reply options = house.ask({.method = "OPTIONS", .target = "/v2/uploads"});
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.field("allow"), "POST, GET, HEAD, OPTIONS");
}

TEST(Gateway, ChallengesForAKey) {
  House house;
  EXPECT_THAT(house.ask({.target = "/v2/uploads"}).field("www-authenticate"), HasSubstr("Bearer"));
}

TEST(Gateway, TakesOverASaneRequestId) {
  House house;
  EXPECT_EQ(house.ask({.target = "/healthz"}).request_id, "made-here");
  EXPECT_EQ(house.ask({.target = "/healthz", .fields = {{"x-request-id", "abc-1.2_3"}}}).request_id, "abc-1.2_3");
  EXPECT_EQ(house.ask({.target = "/healthz", .fields = {{"x-request-id", "a b\""}}}).request_id, "made-here");
  EXPECT_EQ(house.ask({.target = "/healthz", .fields = {{"x-request-id", std::string(65, 'a')}}}).request_id,
            "made-here");
}

TEST(Gateway, NotesTheTenantForTheLog) {
  House house;
  EXPECT_EQ(house.call("GET", "/v2/uploads").tenant, "default");
}

Settings with_origins(std::vector<std::string> origins) {
  Settings settings;
  settings.cors_origins = std::move(origins);
  return settings;
}

TEST(Gateway, AnswersPreflightsOfConfiguredOrigins) {
  House house(with_origins({"https://app.example"}));
  const Ask ask{.method = "OPTIONS",
                .target = "/v2/uploads",
                .fields = {{"origin", "https://app.example"},
                           {"access-control-request-method", "POST"},
                           {"access-control-request-headers", "authorization"}}};
  const Reply reply = house.ask(ask);
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.field("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(reply.field("access-control-allow-headers"), "authorization");
  EXPECT_THAT(reply.field("access-control-allow-methods"), HasSubstr("PUT"));
  EXPECT_EQ(reply.field("vary"), "Origin");

  Ask other = ask;
  other.fields[0].second = "https://evil.example";
  EXPECT_EQ(house.ask(other).field("access-control-allow-origin"), "");
  EXPECT_EQ(house.ask(other).field("access-control-allow-methods"), "");
}

TEST(Gateway, LetsConfiguredOriginsReadAnswersAndRefusals) {
  House house(with_origins({"*"}));
  const Reply reply = house.ask({.target = "/v2/uploads", .fields = {{"origin", "https://any.example"}}});
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.field("access-control-allow-origin"), "*");
  EXPECT_THAT(reply.field("access-control-expose-headers"), HasSubstr("ETag"));
  EXPECT_EQ(house.ask({.target = "/healthz"}).field("access-control-allow-origin"), "");
}

TEST(Gateway, CountsByTheseRoutes) {
  House house;
  EXPECT_THAT(house.gateway->patterns(), testing::IsSupersetOf({"/healthz", "/v2/uploads/{id}", "/uploads/{id}"}));
}

}  // namespace
}  // namespace millrace::handlers
