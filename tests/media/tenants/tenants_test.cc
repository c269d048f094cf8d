#include "media/tenants/tenants.h"

#include <gtest/gtest.h>

#include "server/http/crypto.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;

class TenantsTest : public World {
 protected:
  Code refused(std::string_view bearer) {
    auto principal = tenants->authenticate(bearer);
    return principal ? Code::kInternal : principal.error().code;
  }
  std::unique_ptr<Tenants> reopened() { return good(Tenants::open(store, test_secret(), {}, test_clock)); }
};

TEST_F(TenantsTest, first_start_makes_a_tenant_with_channel_and_admin_key) {
  EXPECT_TRUE(admin.bearer.starts_with("sk-"));
  EXPECT_EQ(admin.key.access_key_id.size(), 20u);
  EXPECT_TRUE(admin.key.access_key_id.starts_with("MR"));
  const Tenant tenant = *tenants->tenant("default");
  EXPECT_TRUE(good(channels.get("default", tenant.default_channel_id)).is_default);
  const Principal principal = *tenants->authenticate(admin.bearer);
  EXPECT_EQ(principal.tenant, "default");
  EXPECT_TRUE(principal.may(Scope::kAdmin));
}

TEST_F(TenantsTest, second_start_makes_nothing) {
  const auto again = reopened();
  const bool made = good(again->bootstrap([](const NewKey&) -> rt::Status {
    ADD_FAILURE() << "no key is to be made";
    return {};
  }));
  EXPECT_FALSE(made);
  EXPECT_TRUE(again->authenticate(admin.bearer).has_value());
}

TEST(TenantsBootstrapTest, key_that_cannot_be_saved_leaves_an_empty_store) {
  FakeStore store;
  auto tenants = good(Tenants::open(store, test_secret(), {}, test_clock));
  const auto cannot_save = [](const NewKey&) -> rt::Status { return rt::fail(Code::kIo, "read-only"); };
  EXPECT_EQ(bad(tenants->bootstrap(cannot_save)).code, Code::kIo);
  EXPECT_EQ(store.commits(), 0u);
}

TEST_F(TenantsTest, the_configured_limit_of_an_upload_holds_for_all) {
  const auto limited = good(Tenants::open(store, test_secret(), {.upload_max_bytes = 10}, test_clock));
  const auto most = [](Tenants& service) { return service.tenant("default")->upload_max_bytes; };
  EXPECT_EQ(most(*limited), 10u);
  Tenant tenant = *limited->tenant("default");
  good(limited->update(tenant));
  EXPECT_EQ(most(*reopened()), 0u) << "what was only shown was written";
  tenant.upload_max_bytes = 5;
  good(limited->update(tenant));
  EXPECT_EQ(most(*limited), 5u);
  tenant.upload_max_bytes = 11;
  good(limited->update(tenant));
  EXPECT_EQ(most(*limited), 10u);
  EXPECT_EQ(most(*reopened()), 11u);
}

TEST_F(TenantsTest, neither_the_bearer_nor_the_secret_is_stored) {
  rt::Result<std::vector<store::Record>> all = rt::run_until_done(store.scan({.prefix = "m/", .after = {}}));
  for (const auto& record : *all) {
    EXPECT_EQ(record.value.find(admin.bearer), std::string::npos);
    EXPECT_EQ(record.value.find(admin.secret_access_key), std::string::npos);
  }
}

TEST_F(TenantsTest, wrong_keys_are_refused) {
  for (const std::string& key :
       {std::string(), std::string("sk-"), admin.bearer + "0", admin.bearer.substr(1), std::string("mt-"),
        std::string("mt-.."), std::string("mt-a.b"), std::string(100'000, 'x')}) {
    EXPECT_EQ(refused(key), Code::kUnauthenticated) << key.substr(0, 80);
  }
}

TEST_F(TenantsTest, revoking_ends_the_key_its_access_key_and_its_tokens) {
  const NewKey made = good(tenants->create_key("default", "ci", static_cast<Scopes>(Scope::kUploads)));
  const Token token = *tenants->issue_token(made.key.access_key_id, made.secret_access_key);
  EXPECT_TRUE(tenants->authenticate(token.bearer).has_value());
  good(tenants->revoke_key("default", made.key.id));
  EXPECT_EQ(refused(made.bearer), Code::kUnauthenticated);
  EXPECT_EQ(refused(token.bearer), Code::kUnauthenticated);
  EXPECT_EQ(tenants->access_key(made.key.access_key_id).error().code, Code::kUnauthenticated);
  EXPECT_FALSE(reopened()->authenticate(made.bearer).has_value());
  EXPECT_TRUE(tenants->authenticate(admin.bearer).has_value());
}

TEST_F(TenantsTest, keys_of_another_tenant_are_not_there) {
  EXPECT_EQ(bad(tenants->revoke_key("other", admin.key.id)).code, Code::kNotFound);
  EXPECT_TRUE(tenants->keys("other").empty());
  EXPECT_EQ(tenants->keys("default").size(), 1u);
  EXPECT_TRUE(admin.bearer.starts_with(tenants->keys("default").front().prefix));
}

TEST_F(TenantsTest, access_key_belongs_to_its_key) {
  const AccessKey access = *tenants->access_key(admin.key.access_key_id);
  EXPECT_EQ(access.secret, admin.secret_access_key);
  EXPECT_EQ(access.principal.key_id, admin.key.id);
  EXPECT_EQ(tenants->access_key_of(admin.key.id)->secret, admin.secret_access_key);
  EXPECT_FALSE(tenants->access_key("MRNOBODY").has_value());
}

TEST_F(TenantsTest, tokens_last_sixteen_hours_and_carry_the_keys_scopes) {
  const NewKey made = good(tenants->create_key("other", "app", static_cast<Scopes>(Scope::kDownloads)));
  const Token token = *tenants->issue_token(made.key.id, made.bearer, "other");
  EXPECT_EQ(token.expires_in_seconds, 16 * 3600);
  const Principal principal = *tenants->authenticate(token.bearer);
  EXPECT_EQ(principal.tenant, "other");
  EXPECT_EQ(principal.scopes, static_cast<Scopes>(Scope::kDownloads));
  test_now_ms += 16 * 3600 * 1000 - 1;
  EXPECT_TRUE(tenants->authenticate(token.bearer).has_value());
  test_now_ms += 1;
  EXPECT_EQ(refused(token.bearer), Code::kUnauthenticated);
}

TEST_F(TenantsTest, tampered_tokens_are_refused) {
  const std::string token = tenants->issue_token(admin.key.id, admin.bearer)->bearer;
  for (std::size_t at = 3; at < token.size(); ++at) {
    std::string tampered = token;
    tampered[at] = tampered[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(refused(tampered), Code::kUnauthenticated) << at;
  }
  ServerSecret another = test_secret();
  another[0] = std::byte{1};
  const auto elsewhere = good(Tenants::open(store, another, {}, test_clock));
  EXPECT_FALSE(elsewhere->authenticate(token).has_value());
  EXPECT_TRUE(elsewhere->authenticate(admin.bearer).has_value());
}

TEST_F(TenantsTest, capabilities_are_good_for_one_subject_while_their_key_is) {
  const std::string given = tenants->capability(admin.key.id, "send u1");
  const auto principal = tenants->authenticate_capability(given, "send u1");
  ASSERT_TRUE(principal.has_value());
  EXPECT_EQ(principal->key_id, admin.key.id);
  EXPECT_EQ(principal->tenant, "default");
  EXPECT_EQ(reopened()->authenticate_capability(given, "send u1")->key_id, admin.key.id);
  const auto refused_as = [&](std::string capability, std::string_view subject) {
    const auto result = tenants->authenticate_capability(capability, subject);
    return result ? Code::kInternal : result.error().code;
  };
  EXPECT_EQ(refused_as(given, "send u2"), Code::kUnauthenticated);
  EXPECT_EQ(refused_as(given + "A", "send u1"), Code::kUnauthenticated);
  EXPECT_EQ(refused_as("other" + given, "send u1"), Code::kUnauthenticated);
  EXPECT_EQ(refused_as("", "send u1"), Code::kUnauthenticated);
  EXPECT_EQ(refused(given), Code::kUnauthenticated) << "it is no bearer";
  good(tenants->revoke_key("default", admin.key.id));
  EXPECT_EQ(refused_as(given, "send u1"), Code::kUnauthenticated);
}

TEST_F(TenantsTest, client_credentials_must_match) {
  EXPECT_FALSE(tenants->issue_token(admin.key.access_key_id, admin.bearer).has_value());
  EXPECT_FALSE(tenants->issue_token(admin.key.id, admin.secret_access_key).has_value());
  EXPECT_FALSE(tenants->issue_token(admin.key.id, admin.bearer, "other").has_value());
  const std::string token = tenants->issue_token(admin.key.id, admin.bearer)->bearer;
  EXPECT_FALSE(tenants->issue_token(admin.key.id, token).has_value()) << "a token must not renew itself";
}

TEST_F(TenantsTest, input_is_checked) {
  EXPECT_EQ(bad(tenants->create_key("nobody", "a", kAllScopes)).code, Code::kNotFound);
  EXPECT_EQ(bad(tenants->create_key("default", "", kAllScopes)).field, "name");
  EXPECT_EQ(bad(tenants->create_key("default", "a", 0)).field, "scopes");
  EXPECT_EQ(bad(tenants->create_key("default", "a", kAllScopes + 1)).field, "scopes");
  EXPECT_EQ(bad(tenants->create("Upper", "")).field, "id");
  EXPECT_EQ(bad(tenants->create("a/b", "")).field, "id");
  EXPECT_EQ(bad(tenants->create("default", "")).code, Code::kConflict);
}

TEST_F(TenantsTest, one_that_was_just_made_can_be_used) {
  const auto elsewhere = reopened();
  const Tenant first = good(elsewhere->create("fresh", "First"));
  EXPECT_EQ(bad(tenants->create("fresh", "Second")).code, Code::kConflict);
  EXPECT_EQ(tenants->tenant("fresh")->default_channel_id, first.default_channel_id);
  good(tenants->create_key("fresh", "a", kAllScopes));
}

TEST_F(TenantsTest, settings_survive_a_restart) {
  check_duplicates();
  EXPECT_TRUE(reopened()->tenant("default")->duplicate_check);
  EXPECT_FALSE(reopened()->tenant("other")->duplicate_check);
}

TEST_F(TenantsTest, scopes_have_words) {
  EXPECT_EQ(scope_words(kAllScopes).size(), 8u);
  for (const auto& text : scope_words(kAllScopes)) EXPECT_TRUE(parse_scope(text).has_value()) << text;
  EXPECT_FALSE(parse_scope("everything").has_value());
}

}  // namespace
}  // namespace millrace::media
