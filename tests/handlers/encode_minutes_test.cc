// The month's encode minutes, used up, as every door says it.
#include <gtest/gtest.h>

#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/tenants/encode_minutes.h"
#include "tests/handlers/forms.h"
#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

rt::Task<rt::Status> count_a_minute(store::Store& store) {
  store::Transaction transaction;
  auto counted = co_await media::count_encoded(store, "default", 60'000, media::system_clock_ms(), transaction);
  if (!counted) co_return counted;
  auto committed = co_await store.commit(std::move(transaction));
  co_return committed ? rt::Status() : rt::pass(committed);
}

void use_up(House& house) {
  media::Tenant tenant = *house.tenants->tenant("default");
  tenant.encode_minutes_per_month = 1;
  EXPECT_TRUE(rt::run_until_done(house.tenants->update(tenant)));
  EXPECT_TRUE(rt::run_until_done(count_a_minute(house.store)));
}

void edit(House& house, const std::string& id, const std::function<void(media::Media&)>& change) {
  media::Media media = *rt::run_until_done(house.catalog->get("default", id));
  change(media);
  store::Transaction transaction;
  transaction.put(media::keys::media("default", id), media::encode(media));
  EXPECT_TRUE(rt::run_until_done(house.store.commit(std::move(transaction))));
}

struct Row {
  const char* name;
  Ask ask;
  int status;
  const char* word;  // where the body says what it is
  const char* says;
};

Ask form(const char* target, const std::string& parts) {
  return {.method = "POST",
          .target = target,
          .body = parts + "--bOuNd--\r\n",
          .fields = {{"content-type", "multipart/form-data; boundary=bOuNd"}}};
}

Ask json(const char* target, const char* body) {
  return {.method = "POST", .target = target, .body = body, .fields = {{"content-type", "application/json"}}};
}

// {"filename": "a.mp4"} and {"filename": "a.pdf"}
constexpr const char* kVideoName = "filename YS5tcDQ=";
constexpr const char* kDocumentName = "filename YS5wZGY=";

Ask tus(const char* name) {
  return {.method = "POST",
          .target = "/files",
          .fields = {{"tus-resumable", "1.0.0"}, {"upload-length", "10"}, {"upload-metadata", name}}};
}

Ask draft(const char* content_type) {
  return {.method = "POST",
          .target = "/files",
          .fields = {{"upload-complete", "?0"}, {"upload-length", "10"}, {"content-type", content_type}}};
}

Reply ask_as_admin(House& house, Ask ask) {
  ask.key = house.admin.bearer;
  return house.ask(ask);
}

TEST(EncodeMinutes, NewVideoAndSoundAreRefusedInEveryDoorsWordsOnceTheyAreUsedUp) {
  const Row rows[] = {
      {"v1", json("/v1/uploads", R"({"filename":"a","mime_type":"audio/mpeg","file_size_bytes":9})"), 402, "error.type",
       "quota_exceeded"},
      {"v1 by address", json("/v1/videos", R"({"input":[{"url":"http://host.example/a.mp4"}]})"), 402, "error.type",
       "quota_exceeded"},
      {"v2", json("/v2/uploads", R"({"fileName":"a.mp4"})"), 402, "status", "fail"},
      {"v2 by address", json("/v2/uploads/imports", R"({"files":[{"url":"http://host.example/a.mp4"}]})"), 402,
       "status", "fail"},
      {"client/v1", form("/api/client/v1/uploads", form_file("video", "a.mp4", "x") + form_field("folder", "root")),
       402, "message", "the encode minutes of this month are used up (1.0 of 1)"},
      {"assets", form("/assets", form_file("source", "a.mp4", "x")), 402, "message",
       "the encode minutes of this month are used up (1.0 of 1)"},
      {"tus", tus(kVideoName), 413, "status", "413"},
      {"draft", draft("video/mp4"), 413, "status", "413"},
  };
  House house;
  for (const Row& row : rows) EXPECT_LT(ask_as_admin(house, row.ask).status, 300) << row.name;
  use_up(house);
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const Reply refused = ask_as_admin(house, row.ask);
    EXPECT_EQ(refused.status, row.status) << refused.body;
    EXPECT_EQ(refused.at(row.word), row.says);
    EXPECT_EQ(refused.field("x-should-retry"), "false");
  }
}

TEST(EncodeMinutes, WhatIsNotEncodedOrNotKnownIsLetInAllTheSame) {
  House house;
  use_up(house);
  const Ask let_in[] = {
      json("/v2/uploads", R"({"fileName":"a.pdf"})"),
      json("/v2/uploads", R"({"fileName":"a.mp4","contentType":"image/png"})"),
      json("/v2/uploads/imports", R"({"files":[{"url":"http://host.example/watch"}]})"),
      form("/assets", form_file("source", "a.png", "x", "image/png")),
      tus(kDocumentName),
      draft("application/pdf"),
  };
  for (const Ask& ask : let_in) {
    const Reply reply = ask_as_admin(house, ask);
    EXPECT_EQ(reply.status, 201) << ask.target << reply.body;
  }
}

TEST(EncodeMinutes, AMediaIsNotMadeAnewWithoutThem) {
  House house;
  const std::string id = house.ingest("bytes");
  const std::string again = "/v2/media/" + id + "/reprocess";
  edit(house, id, [](media::Media& media) {
    media.status = media::MediaStatus::kReady;
    media.type = media::MediaType::kVideo;
  });
  use_up(house);
  const Reply refused = house.call("POST", again);
  EXPECT_EQ(refused.status, 402);
  EXPECT_EQ(refused.at("status"), "fail");
  EXPECT_EQ(house.call("GET", "/v2/media/" + id).at("data.status"), "ready");
  edit(house, id, [](media::Media& media) { media.type = media::MediaType::kDocument; });
  EXPECT_EQ(house.call("POST", again).status, 202);
}

}  // namespace
}  // namespace millrace::handlers
