#include "handlers/v2/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(KeysV2, AKeyIsShownOnceAndWorksUntilRevoked) {
  House house;
  const Reply made = house.call("POST", "/v2/keys", R"({"name":"ci","scopes":["uploads","downloads"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.field("cache-control"), "no-store");
  const std::string key = made.at("data.key");
  EXPECT_TRUE(key.starts_with("sk-"));
  EXPECT_EQ(house.ask({.target = "/v2/uploads", .key = key}).status, 200);
  const Reply listed = house.call("GET", "/v2/keys");
  EXPECT_THAT(listed.body, HasSubstr(made.at("data.id")));
  EXPECT_THAT(listed.body, Not(HasSubstr(key)));
  EXPECT_EQ(house.call("DELETE", "/v2/keys/" + made.at("data.id")).status, 200);
  EXPECT_EQ(house.ask({.target = "/v2/uploads", .key = key}).status, 401);
  EXPECT_EQ(house.call("DELETE", "/v2/keys/absent").status, 404);
}

TEST(KeysV2, ScopesHold) {
  House house;
  const std::string key = house.call("POST", "/v2/keys", R"({"scopes":["downloads"]})").at("data.key");
  const Reply refused = house.ask({.method = "POST", .target = "/v2/uploads", .body = "{}", .key = key});
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("uploads"));
  EXPECT_EQ(house.ask({.target = "/v2/media", .key = key}).status, 200);
  EXPECT_EQ(house.ask({.target = "/v2/keys", .key = key}).status, 403);
}

TEST(KeysV2, WithoutScopesAKeyMayAllButAdminister) {
  House house;
  const std::string key = house.call("POST", "/v2/keys", "{}").at("data.key");
  EXPECT_EQ(house.ask({.target = "/v2/uploads", .key = key}).status, 200);
  EXPECT_EQ(house.ask({.target = "/v2/keys", .key = key}).status, 403);
}

TEST(KeysV2, RefusesUnknownScopes) {
  House house;
  EXPECT_EQ(house.call("POST", "/v2/keys", R"({"scopes":["everything"]})").status, 400);
  EXPECT_EQ(house.call("POST", "/v2/keys", R"({"scopes":[]})").status, 400);
}

TEST(KeysV2, OnlyTheOperatorReachesOtherTenants) {
  House house;
  const Reply made = house.call("POST", "/v2/keys", R"({"tenant":"acme","scopes":["admin"]})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.at("data.tenant"), "acme");
  const std::string acme = made.at("data.key");
  EXPECT_EQ(house.ask({.method = "POST", .target = "/v2/keys", .body = R"({"tenant":"default"})", .key = acme}).status,
            404);
  EXPECT_EQ(house.ask({.target = "/v2/keys?tenant=default", .key = acme}).status, 404);
  EXPECT_EQ(house.call("GET", "/v2/keys?tenant=acme").at("data.total"), "1");
  const Reply refused = house.call("POST", "/v2/keys", R"({"tenant":"Not A Name"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.at("data.tenant"), "absent") << refused.body;
}

TEST(KeysV2, FirstKeysOfATenantAtOnceAreAllMade) {
  House house;
  house.store.before_commit([&] {
    // Another loop has committed the tenant and not yet shown it to everybody.
    std::thread([&] {
      const auto elsewhere = rt::run_until_done(media::Tenants::open(house.store, media::ServerSecret{}));
      EXPECT_TRUE(rt::run_until_done((*elsewhere)->create("race", "race")));
    }).join();
  });
  const Reply made = house.call("POST", "/v2/keys", R"({"tenant":"race"})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(house.ask({.target = "/v2/uploads", .key = made.at("data.key")}).status, 200);
}

}  // namespace
}  // namespace millrace::handlers
