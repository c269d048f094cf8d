#include "handlers/v2/downloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "handlers/time_text.h"
#include "media/downloads/downloads.h"
#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;

class DownloadsV2 : public testing::Test {
 protected:
  // Of a media; its id.
  std::string rendition(const std::string& media_id, const std::string& bytes) {
    rt::run_until_done(making(media_id, bytes));
    return "rendition-" + bytes;
  }
  rt::Task<rt::Status> making(std::string media_id, std::string bytes) {
    media::Rendition made{.id = "rendition-" + bytes,
                          .tenant = "default",
                          .media_id = media_id,
                          .name = "720",
                          .codec = "avc1",
                          .content_type = "video/mp4",
                          .extension = "mp4",
                          .object = store::ObjectId::random(),
                          .size_bytes = bytes.size(),
                          .segments = {}};
    const auto writer = door_.store.writer("default");
    auto appended = co_await writer->append(rt::Slice::copy_of(bytes));
    EXPECT_TRUE(appended);
    auto draft = co_await writer->finish();
    store::Transaction transaction;
    media::put_rendition(transaction, made);
    transaction.create(made.object, std::move(*draft));
    auto committed = co_await door_.store.commit(std::move(transaction));
    EXPECT_TRUE(committed);
    co_return rt::Status();
  }
  Reply create(const std::string& members) { return door_.call("POST", "/v2/downloads", body(members)); }
  Reply create_without_key(const std::string& members) {
    return door_.ask({.method = "POST",
                      .target = "/v2/downloads",
                      .body = body(members),
                      .fields = {{"content-type", "application/json"}}});
  }
  static std::string body(const std::string& members) { return R"({"title":"A package",)" + members + "}"; }
  static std::string path_of(const Reply& created) {
    EXPECT_EQ(created.status, 201) << created.body;
    const std::size_t begin = created.body.find("/v2/downloads/file/");
    return created.body.substr(begin, created.body.find('"', begin) - begin);
  }
  Reply fetch(const std::string& path, std::vector<std::pair<std::string, std::string>> fields = {}) {
    return door_.ask({.target = path, .fields = std::move(fields)});
  }

  House door_;
};

TEST_F(DownloadsV2, EveryRangeOfAnArchiveIsPartOfIt) {
  const std::string a = door_.ingest("first"), b = door_.ingest(std::string(5000, 'x'));
  const std::string path = path_of(create(R"("selectedMediaIds":[")" + a + R"(",")" + b + R"("])"));
  const Reply whole = fetch(path);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.content_length, whole.body.size());
  EXPECT_EQ(whole.field("content-type"), "application/zip");
  for (std::size_t first = 0; first < whole.body.size(); first += first < 100 || first > 5000 ? 1 : 997) {
    for (const std::size_t length : {1, 40, 6000}) {
      const std::string range = "bytes=" + std::to_string(first) + "-" + std::to_string(first + length - 1);
      const Reply part = fetch(path, {{"range", range}});
      ASSERT_EQ(part.status, 206) << range;
      ASSERT_EQ(part.body, whole.body.substr(first, length)) << range;
      ASSERT_EQ(part.content_length, part.body.size()) << range;
    }
  }
}

TEST_F(DownloadsV2, WhoIsNobodyGetsOnePublicRendition) {
  const std::string media = door_.ingest("original");
  const std::string id = rendition(media, "rendered");
  const Reply made = create_without_key(R"("selectedRenditionIds":[")" + id + R"("])");
  EXPECT_EQ(fetch(path_of(made)).body, "rendered");
  const std::string own = "/v2/downloads/" + made.at("data.id");
  EXPECT_EQ(fetch(own).at("data.status"), "ready");
  EXPECT_EQ(door_.call("GET", own).status, 404);
  EXPECT_EQ(door_.ask({.method = "DELETE", .target = own}).status, 401);
  EXPECT_EQ(door_.call("GET", "/v2/downloads").at("data.total"), "0");
  EXPECT_EQ(create_without_key(R"("selectedMediaIds":[")" + media + R"("])").status, 401);
  const Reply absent = create_without_key(R"("selectedRenditionIds":["absent"])");
  EXPECT_EQ(absent.status, 404);
  door_.call("DELETE", "/v2/media/" + media);
  const Reply hidden = create_without_key(R"("selectedRenditionIds":[")" + id + R"("])");
  EXPECT_EQ(hidden.body, absent.body);
}

TEST_F(DownloadsV2, AnAddressMayNotAskTooOftenWithoutAKey) {
  media::DownloadLimits limits;
  limits.nobodys_rate = {1, 3};
  door_.domain->downloads.limit(limits);
  int refused = 0;
  for (int i = 0; i < 6; ++i) refused += create_without_key(R"("selectedRenditionIds":["a"])").status == 429;
  EXPECT_GE(refused, 2);
  EXPECT_EQ(create(R"("selectedRenditionIds":["a"])").status, 404);
}

TEST_F(DownloadsV2, AWrongKeyIsNoNobody) {
  const Reply reply = door_.ask({.method = "POST",
                                 .target = "/v2/downloads",
                                 .body = body(R"("selectedRenditionIds":["a"])"),
                                 .key = "sk-wrong"});
  EXPECT_EQ(reply.status, 401);
}

TEST_F(DownloadsV2, LostBytesBreakTheResponse) {
  const std::string a = door_.ingest(std::string(300'000, 'a')), b = door_.ingest("b");
  const std::string path = path_of(create(R"("selectedMediaIds":[")" + a + R"(",")" + b + R"("])"));
  store::Transaction loss;
  loss.remove(rt::run_until_done(door_.catalog->get("default", b))->object);
  ASSERT_TRUE(rt::run_until_done(door_.store.commit(std::move(loss))));
  const Reply reply = fetch(path);
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.source_failed);
  EXPECT_LT(reply.body.size(), *reply.content_length);
}

TEST_F(DownloadsV2, GoneIsSaid) {
  const std::string media = door_.ingest("bytes");
  std::int64_t now_ms = media::system_clock_ms();
  const Reply made =
      create(R"("selectedMediaIds":[")" + media + R"("],"expires":")" + time_text(now_ms + 60'000) + "\"");
  const std::string path = path_of(made);
  EXPECT_EQ(fetch(path).body, "bytes");
  EXPECT_EQ(made.at("data.expires"), time_text(now_ms + 60'000));
  EXPECT_EQ(door_.call("DELETE", "/v2/downloads/" + made.at("data.id")).status, 200);
  EXPECT_EQ(fetch(path).status, 404);
}

struct Moment {
  std::string_view text;
  std::optional<std::int64_t> ms;
};

TEST(TimeText, IsReadInAnyZone) {
  constexpr std::int64_t kMs = 1'793'536'449'000;
  const Moment moments[] = {
      {"2026-11-01T12:34:09Z", kMs},
      {"2026-11-01t12:34:09.5z", kMs + 500},
      {"2026-11-01 12:34:09.123456Z", kMs + 123},
      {"2026-11-01T14:04:09+01:30", kMs},
      {"2026-10-31T23:34:09-13:00", kMs},
      {"1970-01-01T00:00:00Z", 0},
      {"2024-02-29T00:00:00Z", 1'709'164'800'000},
      {"2023-02-29T00:00:00Z", {}},
      {"2026-11-01T12:34:09", {}},
      {"2026-11-01", {}},
      {"2026-11-01T24:00:00Z", {}},
      {"2026-11-01T12:60:00Z", {}},
      {"2026-11-01T12:34:09.Z", {}},
      {"2026-11-01T12:34:09Zz", {}},
      {"2026-11-01T12:34:09+0130", {}},
      {"26-11-01T12:34:09Z", {}},
      {"", {}},
  };
  for (const Moment& each : moments) EXPECT_EQ(parse_time(each.text), each.ms) << each.text;
}

}  // namespace
}  // namespace millrace::handlers
