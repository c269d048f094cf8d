#include "handlers/oauth.h"

#include <gtest/gtest.h>

#include "server/http/crypto.h"
#include "server/http/url.h"
#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

class OAuth : public testing::Test {
 protected:
  Reply post(const std::string& form, const std::string& path = "/oauth/token", const std::string& authorization = {}) {
    Ask ask{.method = "POST",
            .target = path,
            .body = form,
            .fields = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}}};
    if (!authorization.empty()) ask.fields.emplace_back("authorization", authorization);
    return door_.ask(ask);
  }
  std::string form(const std::string& secret) {
    return "grant_type=client_credentials&client_id=" + door_.admin.key.access_key_id +
           "&client_secret=" + http::percent_encode(secret);
  }

  House door_;
};

TEST_F(OAuth, GivesATokenThatWorks) {
  for (const char* path : {"/oauth/token", "/realms/default/protocol/openid-connect/token"}) {
    const Reply reply = post(form(door_.admin.secret_access_key), path);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.at("token_type"), "Bearer");
    EXPECT_EQ(reply.at("expires_in"), "57600");
    EXPECT_EQ(reply.at("refresh_token"), "absent");
    EXPECT_EQ(reply.field("cache-control"), "no-store");
    EXPECT_EQ(door_.ask({.target = "/v2/uploads", .key = reply.at("access_token")}).status, 200);
  }
}

TEST_F(OAuth, TakesBasicCredentials) {
  const std::string pair = door_.admin.key.access_key_id + ":" + http::percent_encode(door_.admin.secret_access_key);
  EXPECT_EQ(post("grant_type=client_credentials", "/oauth/token", "Basic " + http::base64(http::bytes_of(pair))).status,
            200);
}

TEST_F(OAuth, TakesTheFormWhenAuthorizationIsNotAboutTheClient) {
  const std::string right = form(door_.admin.secret_access_key);
  EXPECT_EQ(post(right, "/oauth/token", "Bearer " + door_.admin.bearer).status, 200);
  EXPECT_EQ(post(right, "/oauth/token", "Basic " + http::base64(http::bytes_of("a:b"))).status, 401);
}

TEST_F(OAuth, RefusesInItsOwnWords) {
  struct Case {
    Reply reply;
    int status;
    const char* error;
  };
  const Case cases[] = {
      {post(form("wrong")), 401, "invalid_client"},
      {post(form(door_.admin.secret_access_key), "/realms/other/protocol/openid-connect/token"), 401, "invalid_client"},
      {post("grant_type=client_credentials"), 401, "invalid_client"},
      {post("grant_type=password&client_id=a&client_secret=b"), 400, "unsupported_grant_type"},
      {post("client_id=a&client_secret=b"), 400, "invalid_request"},
      {post("grant_type=client_credentials&grant_type=client_credentials"), 400, "invalid_request"},
      {post("grant_type=%zz"), 400, "invalid_request"},
      {door_.ask({.method = "POST", .target = "/oauth/token", .body = "{}"}), 400, "invalid_request"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(each.reply.status, each.status) << each.reply.body;
    EXPECT_EQ(each.reply.at("error"), each.error);
  }
}

}  // namespace
}  // namespace millrace::handlers
