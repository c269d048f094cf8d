// The rules that all doors share, each driven once through every door: Idempotency-Key, rate limits, quotas, CORS,
// x-should-retry, scopes. A row of the table says how one door is asked and how it says no.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "media/tenants/metered_store.h"
#include "server/http/xml.h"
#include "tests/handlers/forms.h"
#include "tests/handlers/house.h"
#include "tests/handlers/s3/signing.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;
using Fields = std::vector<std::pair<std::string, std::string>>;

std::int64_t now_ms = media::system_clock_ms();
std::int64_t clock() { return now_ms; }

// Something to be made; what is said of it differs with its size.
struct New {
  std::size_t bytes = 10;
  Fields fields = {};
};

Ask with_form(Ask ask, const std::string& parts) {
  ask.body = parts + "--bOuNd--\r\n";
  ask.fields.emplace_back("content-type", "multipart/form-data; boundary=bOuNd");
  return ask;
}

struct DoorRow {
  std::string name;
  // A request that makes something of so many bytes, without credentials.
  Ask (*make)(const New&) = nullptr;
  int made = 201;
  Ask read = {};     // something that everybody with the scope may ask for
  Ask missing = {};  // something that is not there
  int quota_status = 402;
  int rate_status = 429;
  int scope_status = 403;
  // The door's own words for these, and for what is missing.
  std::string quota_word = {};
  std::string rate_word = {};
  std::string scope_word = {};
  std::string missing_word = {};
  bool is_signed = false;
};

Ask post(std::string target, std::string body, Fields fields) {
  return {.method = "POST", .target = std::move(target), .body = std::move(body), .fields = std::move(fields)};
}

Ask v2_upload(const New& it) {
  return post("/v2/uploads", R"({"fileName":"a","type":"put","fileSize":)" + std::to_string(it.bytes) + "}", it.fields);
}
Ask v2_channel(const New& it) {
  return post("/v2/channels", R"({"title":"channel )" + std::to_string(it.bytes) + "\"}", it.fields);
}
Ask client_v1_upload(const New& it) {
  return with_form(post("/api/client/v1/uploads", {}, it.fields),
                   form_file("video", "a.mp4", std::string(it.bytes, 'x')) + form_field("folder", "root"));
}
Ask v1_upload(const New& it) {
  const std::string size = std::to_string(it.bytes);
  return post("/v1/uploads", R"({"filename":"a","mime_type":"video/mp4","file_size_bytes":)" + size + "}", it.fields);
}
Ask asset_form(const New& it) {
  return with_form(post("/assets", {}, it.fields),
                   form_file("source", "a.png", std::string(it.bytes, 'x'), "image/png"));
}
Ask asset_start(const New& it) {
  const std::string size = std::to_string(it.bytes);
  return post("/assets", R"({"label":"Video","upload_phase":"start","file_size":")" + size + "\"}", it.fields);
}
Ask s3_multipart(const New& it) {
  Ask ask = post("/bucket/key?uploads", {}, it.fields);
  ask.fields.emplace_back("x-amz-meta-size", std::to_string(it.bytes));
  return ask;
}
Ask s3_put(const New& it) {
  return {.method = "PUT", .target = "/bucket/key", .body = std::string(it.bytes, 'x'), .fields = it.fields};
}
Ask tus_upload(const New& it) {
  Ask ask = post("/files", {}, it.fields);
  ask.fields.emplace_back("tus-resumable", "1.0.0");
  ask.fields.emplace_back("upload-length", std::to_string(it.bytes));
  return ask;
}
Ask draft_upload(const New& it) {
  Ask ask = post("/files", {}, it.fields);
  ask.fields.emplace_back("upload-complete", "?0");
  ask.fields.emplace_back("upload-length", std::to_string(it.bytes));
  return ask;
}

// What programs tell refusals by.
std::string word_of(const DoorRow& door, const Reply& reply) {
  if (door.is_signed) {
    const auto error = http::Xml::parse(reply.body, "Error");
    return error ? error->text("Code").value_or("no code") : "no error: " + reply.body;
  }
  if (door.name == "v2") return reply.at("status");
  if (door.name == "v1") return reply.at("error.type");
  if (door.name == "tus" || door.name == "draft") return reply.at("status") + " " + reply.field("content-type");
  return reply.at("message") == "absent" ? "no message" : "message";
}

constexpr const char* kProblem = " application/problem+json";

const std::vector<DoorRow>& doors() {
  static const std::vector<DoorRow> rows = {
      {"v2",
       v2_upload,
       201,
       {.target = "/v2/uploads"},
       {.target = "/v2/media/none"},
       402,
       429,
       403,
       "fail",
       "fail",
       "fail",
       "fail"},
      {"client_v1",
       client_v1_upload,
       202,
       {.target = "/api/client/v1/uploads"},
       {.target = "/api/client/v1/uploads/none"},
       402,
       429,
       403,
       "message",
       "message",
       "message",
       "message"},
      {"v1",
       v1_upload,
       201,
       {.target = "/v1/videos"},
       {.target = "/v1/videos/vid_00000000000000000000"},
       402,
       429,
       403,
       "quota_exceeded",
       "rate_limit_error",
       "permission_error",
       "not_found"},
      {"assets",
       asset_form,
       201,
       {.target = "/assets"},
       {.target = "/assets/none"},
       402,
       429,
       401,
       "message",
       "message",
       "message",
       "message"},
      {"s3",
       s3_put,
       200,
       {.target = "/"},
       {.target = "/bucket/none"},
       403,
       503,
       403,
       "QuotaExceeded",
       "SlowDown",
       "AccessDenied",
       "NoSuchKey",
       true},
      {"tus",
       tus_upload,
       201,
       {.target = "/files/none"},
       {.target = "/files/none"},
       413,
       429,
       403,
       std::string("413") + kProblem,
       std::string("429") + kProblem,
       std::string("403") + kProblem,
       std::string("404") + kProblem},
      {"draft",
       draft_upload,
       201,
       {.method = "HEAD", .target = "/files/none"},
       {.target = "/files/none"},
       413,
       429,
       403,
       std::string("413") + kProblem,
       std::string("429") + kProblem,
       std::string("403") + kProblem,
       std::string("404") + kProblem},
  };
  return rows;
}

// As somebody with this key asks it.
Reply ask_with(House& house, const DoorRow& door, Ask ask, const media::NewKey& key) {
  if (door.is_signed) return house.ask(s3::signed_by(s3::key_of(key), std::move(ask), now_ms));
  ask.key = key.bearer;
  return house.ask(ask);
}

Reply ask_as_admin(House& house, const DoorRow& door, Ask ask) {
  return ask_with(house, door, std::move(ask), house.admin);
}

// A house that counts what its tenants keep, as the server does.
class MeteredHouse : public House {
 public:
  explicit MeteredHouse(Settings settings) : House(settings) {
    tenants->meter(metered);
    stand_on(metered, std::move(settings));
    services->clock = clock;
  }

  void set_quota(std::uint64_t bytes) {
    media::Tenant changed = *tenants->tenant("default");
    changed.quota_bytes = bytes;
    EXPECT_TRUE(rt::run_until_done(tenants->update(changed)));
  }

  media::MeteredStore metered{store};
};

std::unique_ptr<MeteredHouse> house_with(Settings settings = {}) {
  auto house = std::make_unique<MeteredHouse>(std::move(settings));
  EXPECT_TRUE(rt::run_until_done(house->buckets->create("default", "bucket")));
  return house;
}

// A failed row names its door.
template <class Test>
void for_each_door(Test test) {
  for (const DoorRow& door : doors()) {
    SCOPED_TRACE(door.name);
    test(door);
  }
}

// ---- Idempotency-Key

struct Creation {
  const char* name;
  Ask (*make)(const New&);
  bool is_signed = false;
};

TEST(Rules, AnIdempotencyKeyReplaysTheFirstAnswerOfEveryPostThatCreates) {
  const Creation creations[] = {
      {"v2 uploads", v2_upload},  {"v2 channels", v2_channel}, {"client_v1", client_v1_upload},
      {"v1", v1_upload},          {"assets form", asset_form}, {"assets start", asset_start},
      {"s3", s3_multipart, true}, {"tus", tus_upload},         {"draft", draft_upload}};
  for (const Creation& each : creations) {
    SCOPED_TRACE(each.name);
    auto house = house_with();
    const DoorRow door{.name = each.name, .is_signed = each.is_signed};
    const Fields key = {{"idempotency-key", "k"}};
    const Reply first = ask_as_admin(*house, door, each.make({10, key}));
    ASSERT_LT(first.status, 300) << first.body;
    EXPECT_EQ(first.field("idempotency-replayed"), "");
    const Reply again = ask_as_admin(*house, door, each.make({10, key}));
    EXPECT_EQ(again.status, first.status) << again.body;
    EXPECT_EQ(again.field("idempotency-replayed"), "true");
    EXPECT_EQ(again.body, first.body);
    for (const char* field : {"location", "content-type", "upload-offset", "tus-resumable"}) {
      EXPECT_EQ(again.field(field), first.field(field)) << field;
    }
    const Reply other = ask_as_admin(*house, door, each.make({11, key}));
    EXPECT_EQ(other.status, 409) << other.body;
    EXPECT_EQ(other.field("x-should-retry"), "false");
    const Reply fresh = ask_as_admin(*house, door, each.make({12, {{"idempotency-key", "another"}}}));
    EXPECT_LT(fresh.status, 300) << fresh.body;
    EXPECT_EQ(ask_as_admin(*house, door, each.make({10, {{"idempotency-key", ""}}})).field("x-should-retry"), "false");
  }
}

TEST(Rules, AnIdempotencyKeyIsOfItsTenant) {
  auto house = house_with();
  rt::run_until_done(house->tenants->create("other", "Other"));
  const auto stranger = *rt::run_until_done(house->tenants->create_key("other", "k", media::kAllScopes));
  const DoorRow& v2 = doors().front();
  const New it{10, {{"idempotency-key", "k"}}};
  const Reply first = ask_as_admin(*house, v2, v2_upload(it));
  const Reply other = ask_with(*house, v2, v2_upload(it), stranger);
  EXPECT_EQ(other.status, 201);
  EXPECT_EQ(other.field("idempotency-replayed"), "");
  EXPECT_NE(other.at("data.id"), first.at("data.id"));
}

// ---- rate limits

std::unique_ptr<MeteredHouse> house_with_rate(media::Rate tenant, media::Rate bad_key = {}) {
  auto house = house_with();
  house->services->limits.tenant_rate = tenant;
  house->services->limits.bad_key_rate = bad_key;
  return house;
}

TEST(Rules, ATenantMayAskSoOften) {
  for_each_door([](const DoorRow& door) {
    auto house = house_with_rate({.per_second = 1, .burst = 3});
    for (const char* remaining : {"2", "1", "0"}) {
      const Reply reply = ask_as_admin(*house, door, door.read);
      EXPECT_NE(reply.status, door.rate_status) << reply.body;
      EXPECT_EQ(reply.field("ratelimit-limit"), "3");
      EXPECT_EQ(reply.field("ratelimit-remaining"), remaining);
      EXPECT_EQ(reply.field("retry-after"), "");
    }
    const Reply refused = ask_as_admin(*house, door, door.missing);
    EXPECT_EQ(refused.status, door.rate_status);
    EXPECT_EQ(word_of(door, refused), door.rate_word);
    EXPECT_EQ(refused.field("ratelimit-limit"), "3");
    EXPECT_EQ(refused.field("ratelimit-remaining"), "0");
    EXPECT_EQ(refused.field("ratelimit-reset"), "3");
    EXPECT_EQ(refused.field("retry-after"), "1");
    EXPECT_EQ(refused.fields.count("retry-after"), 1U);
    EXPECT_EQ(refused.field("x-should-retry"), "");
    now_ms += 1000;
    EXPECT_NE(ask_as_admin(*house, door, door.read).status, door.rate_status);
  });
}

TEST(Rules, AllDoorsCountTogetherAndTenantsApart) {
  auto house = house_with_rate({.per_second = 1, .burst = static_cast<std::uint32_t>(doors().size())});
  rt::run_until_done(house->tenants->create("other", "Other"));
  const auto stranger = *rt::run_until_done(house->tenants->create_key("other", "k", media::kAllScopes));
  for (const DoorRow& door : doors()) {
    EXPECT_NE(ask_as_admin(*house, door, door.read).status, door.rate_status) << door.name;
  }
  for (const DoorRow& door : doors()) {
    EXPECT_EQ(ask_as_admin(*house, door, door.read).status, door.rate_status) << door.name;
  }
  EXPECT_EQ(ask_with(*house, doors().front(), doors().front().read, stranger).status, 200);
}

TEST(Rules, SignedAddressesCountForTheirTenant) {
  auto house = house_with_rate({.per_second = 1, .burst = 2});
  const std::string put = house->new_put().second;
  EXPECT_EQ(house->ask({.method = "PUT", .target = put, .body = "x"}).field("ratelimit-remaining"), "0");
  EXPECT_EQ(house->ask({.method = "PUT", .target = put, .body = "x"}).status, 429);
  now_ms += 1000;
  const Reply tus = house->call("POST", "/v2/uploads", R"({"fileName":"a","type":"tus"})");
  const std::string url = tus.at("data.input.url");
  const Ask send{.method = "HEAD", .target = url.substr(url.find("/files"))};
  EXPECT_EQ(house->ask(send).status, 429);
  now_ms += 1000;
  EXPECT_LT(house->ask(send).status, 300);
}

TEST(Rules, WithoutALimitNothingIsTold) {
  for_each_door([](const DoorRow& door) {
    auto house = house_with();
    EXPECT_EQ(ask_as_admin(*house, door, door.read).field("ratelimit-limit"), "");
  });
}

TEST(Rules, AnAddressMayBringSoManyWrongKeys) {
  for_each_door([](const DoorRow& door) {
    auto house = house_with_rate({}, {.per_second = 1, .burst = 2});
    media::NewKey wrong = house->admin;
    wrong.bearer = "sk-wrong";
    wrong.secret_access_key = "wrong";
    const int refused = door.is_signed ? 403 : 401;
    const Ask read{.target = door.read.target};
    EXPECT_EQ(ask_with(*house, door, read, wrong).status, refused);
    EXPECT_EQ(ask_with(*house, door, read, wrong).status, refused);
    const Reply too_many = ask_with(*house, door, read, wrong);
    EXPECT_EQ(too_many.status, door.rate_status);
    EXPECT_EQ(word_of(door, too_many), door.rate_word);
    EXPECT_EQ(too_many.field("retry-after"), "1");
    EXPECT_NE(ask_as_admin(*house, door, read).status, door.rate_status);
    Ask elsewhere = read;
    elsewhere.peer = "192.0.2.10";
    EXPECT_EQ(ask_with(*house, door, elsewhere, wrong).status, refused);
  });
}

TEST(Rules, WrongClientSecretsCountAsWrongKeys) {
  auto house = house_with_rate({}, {.per_second = 1, .burst = 1});
  const Ask guess{.method = "POST",
                  .target = "/oauth/token",
                  .body = "grant_type=client_credentials&client_id=a&client_secret=b",
                  .fields = {{"content-type", "application/x-www-form-urlencoded"}}};
  EXPECT_EQ(house->ask(guess).status, 401);
  const Reply refused = house->ask(guess);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.at("error"), "temporarily_unavailable");
  EXPECT_EQ(refused.field("retry-after"), "1");
  EXPECT_EQ(house->ask({.target = "/v2/uploads", .key = "sk-wrong"}).status, 429);
}

TEST(Rules, AddressesOfOneCustomerCountAsOne) {
  auto house = house_with_rate({}, {.per_second = 1, .burst = 1});
  const auto from = [&](const char* peer) {
    return house->ask({.target = "/v2/uploads", .key = "sk-wrong", .peer = peer}).status;
  };
  EXPECT_EQ(from("2001:db8:1:2::1"), 401);
  EXPECT_EQ(from("2001:db8:1:2:ffff::9"), 429);
  EXPECT_EQ(from("2001:db8:1:3::1"), 401);
}

// ---- quotas

constexpr std::uint64_t kQuotaBytes = 1000;

std::unique_ptr<MeteredHouse> house_with_quota() {
  auto house = house_with();
  house->set_quota(kQuotaBytes);
  return house;
}

TEST(Rules, WhatIsAnnouncedOrSentBeyondTheQuotaIsRefused) {
  for_each_door([](const DoorRow& door) {
    auto house = house_with_quota();
    const Reply refused = ask_as_admin(*house, door, door.make({2000}));
    EXPECT_EQ(refused.status, door.quota_status) << refused.body;
    EXPECT_EQ(word_of(door, refused), door.quota_word);
    EXPECT_EQ(refused.field("x-should-retry"), "false");
    EXPECT_EQ(refused.field("retry-after"), "");
    EXPECT_EQ(house->metered.bytes_of("default"), 0U);
    EXPECT_EQ(ask_as_admin(*house, door, door.make({1000})).status, door.made);
  });
}

TEST(Rules, QuotaAlsoOfTheStartOfAnAsset) {
  auto house = house_with_quota();
  const DoorRow& assets = doors()[3];
  EXPECT_EQ(ask_as_admin(*house, assets, asset_start({2000})).status, 402);
  EXPECT_EQ(ask_as_admin(*house, assets, asset_start({500})).status, 201);
}

// What is kept is what fits; the next part of the same upload is refused the same way.
TEST(Rules, ABodyThatPassesTheQuotaIsStoppedAndNothingAcknowledgedIsLost) {
  auto house = house_with_quota();
  const std::string media_id = house->ingest(std::string(600, 'a'));
  EXPECT_EQ(house->metered.bytes_of("default"), 600U);

  const Fields tus = {{"tus-resumable", "1.0.0"}};
  Fields defer = tus;
  defer.emplace_back("upload-defer-length", "1");
  const Reply made = house->ask({.method = "POST", .target = "/files", .fields = defer, .key = house->admin.bearer});
  ASSERT_EQ(made.status, 201);
  const std::string path = made.field("location").substr(made.field("location").find("/files"));
  const auto patch = [&](const std::string& offset, const std::string& body) {
    Fields fields = tus;
    fields.emplace_back("upload-offset", offset);
    fields.emplace_back("content-type", "application/offset+octet-stream");
    return house->ask({.method = "PATCH", .target = path, .body = body, .fields = fields, .key = house->admin.bearer});
  };
  EXPECT_EQ(patch("0", std::string(300, 'b')).status, 204);
  EXPECT_EQ(patch("300", std::string(300, 'c')).status, 413);
  EXPECT_EQ(
      house->ask({.method = "HEAD", .target = path, .fields = tus, .key = house->admin.bearer}).field("upload-offset"),
      "300");
  EXPECT_EQ(house->metered.bytes_of("default"), 900U);
  EXPECT_EQ(patch("300", std::string(100, 'c')).status, 204);
  EXPECT_EQ(house->call("GET", "/v2/media/" + media_id + "/original").body, std::string(600, 'a'));

  EXPECT_EQ(house->call("DELETE", "/v2/media/" + media_id + "?hard=true").status, 200);
  EXPECT_EQ(house->metered.bytes_of("default"), 400U);
  EXPECT_EQ(patch("400", std::string(600, 'd')).status, 204);
}

TEST(Rules, APutOfUnknownLengthIsStoppedAtTheQuota) {
  auto house = house_with_quota();
  const auto [id, address] = house->new_put();
  const Reply refused =
      house->ask({.method = "PUT", .target = address, .body = std::string(5000, 'x'), .measured = false});
  EXPECT_EQ(refused.status, 402);
  EXPECT_EQ(refused.at("status"), "fail");
  EXPECT_LE(house->metered.bytes_of("default"), kQuotaBytes);
  EXPECT_EQ(house->call("POST", "/v2/uploads/" + id + "/cancel").status, 200);
  EXPECT_EQ(house->metered.bytes_of("default"), 0U);
}

TEST(Rules, EveryTenantHasItsOwnQuota) {
  auto house = house_with_quota();
  rt::run_until_done(house->tenants->create("other", "Other"));
  const auto stranger = *rt::run_until_done(house->tenants->create_key("other", "k", media::kAllScopes));
  const DoorRow& v2 = doors().front();
  EXPECT_EQ(ask_as_admin(*house, v2, v2_upload({4000})).status, 402);
  EXPECT_EQ(ask_with(*house, v2, v2_upload({4000}), stranger).status, 201);
}

// ---- CORS

TEST(Rules, ConfiguredPagesMayCallEveryDoorAndReadItsFields) {
  Settings settings;
  settings.cors_origins = {"https://app.example"};
  auto house = house_with(settings);
  const std::map<std::string, std::vector<std::string>> needed = {
      {"v2", {"ETag", "Location", "X-Request-Id", "X-Should-Retry", "Retry-After", "RateLimit-Remaining"}},
      {"client_v1", {"X-Request-Id", "Idempotency-Replayed"}},
      {"v1", {"X-Request-Id"}},
      {"assets", {"Location"}},
      {"s3", {"ETag", "x-amz-request-id", "x-amz-meta-colour"}},
      {"tus",
       {"Location", "Upload-Offset", "Upload-Length", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size",
        "Upload-Expires", "Upload-Metadata", "X-Media-Id"}},
      {"draft", {"Location", "Upload-Offset", "Upload-Complete", "Upload-Limit"}}};
  const Fields colour = {{"x-amz-meta-colour", "red"}};
  ASSERT_EQ(ask_as_admin(*house, doors()[4], {.method = "PUT", .target = "/bucket/k", .fields = colour}).status, 200);
  for_each_door([&](const DoorRow& door) {
    const Ask made = door.make({});
    const Fields preflight = {{"origin", "https://app.example"},
                              {"access-control-request-method", made.method},
                              {"access-control-request-headers", "authorization, x-anything"}};
    const Reply allowed = house->ask({.method = "OPTIONS", .target = made.target, .fields = preflight});
    EXPECT_EQ(allowed.status, 204);
    EXPECT_EQ(allowed.field("access-control-allow-origin"), "https://app.example");
    EXPECT_THAT(allowed.field("access-control-allow-methods"), HasSubstr(made.method));
    EXPECT_EQ(allowed.field("access-control-allow-headers"), "authorization, x-anything");

    Ask read = door.is_signed ? Ask{.target = "/bucket/k"} : door.read;
    read.fields.emplace_back("origin", "https://app.example");
    const Reply actual = ask_as_admin(*house, door, read);
    EXPECT_EQ(actual.field("access-control-allow-origin"), "https://app.example");
    EXPECT_EQ(actual.field("vary"), "Origin");
    for (const std::string& field : needed.at(door.name)) {
      EXPECT_THAT(", " + actual.field("access-control-expose-headers") + ",", HasSubstr(", " + field + ","));
    }
    Ask elsewhere = door.read;
    elsewhere.fields.emplace_back("origin", "https://evil.example");
    EXPECT_EQ(ask_as_admin(*house, door, elsewhere).field("access-control-allow-origin"), "");
  });
}

// ---- x-should-retry and scopes

TEST(Rules, WhatARetryCannotCureSaysSo) {
  for_each_door([](const DoorRow& door) {
    auto house = house_with();
    const Reply missing = ask_as_admin(*house, door, door.missing);
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(word_of(door, missing), door.missing_word);
    EXPECT_EQ(missing.field("x-should-retry"), "false");
    house->store.fail_commits(rt::Error{rt::Code::kFull, "no space"});
    const Reply full = ask_as_admin(*house, door, door.make({}));
    EXPECT_EQ(full.status, 507) << full.body;
    EXPECT_EQ(full.field("x-should-retry"), "");
  });
}

TEST(Rules, AKeyWithoutTheScopeIsRefusedInTheDoorsWords) {
  for_each_door([](const DoorRow& door) {
    auto house = house_with();
    const auto webhooks = static_cast<media::Scopes>(media::Scope::kWebhooks);
    const auto few = *rt::run_until_done(house->tenants->create_key("default", "few", webhooks));
    for (const Ask& ask : {door.make({}), door.missing}) {
      const Reply refused = ask_with(*house, door, ask, few);
      EXPECT_EQ(refused.status, door.scope_status) << refused.body;
      EXPECT_EQ(word_of(door, refused), door.scope_word);
      EXPECT_EQ(refused.field("x-should-retry"), "false");
    }
    EXPECT_EQ(house->store.records("m/upload/"), 0U);
  });
}

}  // namespace
}  // namespace millrace::handlers
