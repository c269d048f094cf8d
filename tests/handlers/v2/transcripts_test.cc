#include "handlers/v2/transcripts.h"

#include <gmock/gmock.h>

#include "tests/handlers/playback/stage.h"

namespace millrace::handlers {
namespace {

using testing::HasSubstr;

class V2Transcripts : public Stage {
 protected:
  std::string list() { return "/v2/media/" + id + "/metadata/transcripts"; }
  std::string download(const std::string& query) { return list() + "/t-en/download" + query; }
};

TEST_F(V2Transcripts, AreListedWithTheirStatus) {
  EXPECT_EQ(house.call("GET", list()).at("data"), "[]");
  say("en");
  house.call("PUT", "/v2/media/" + id + "/metadata", R"({"transcriptLanguageCodes":["de"]})");
  const std::string body = house.call("GET", list()).body;
  EXPECT_THAT(body, HasSubstr(R"({"languageCode":"de","status":"queued","id":null})"));
  EXPECT_THAT(body,
              HasSubstr(R"({"languageCode":"en","status":"ready","id":"t-en","engine":"pocketsphinx","words":2,)"));
  EXPECT_THAT(house.call("GET", "/v2/media/" + id + "/metadata").body,
              HasSubstr(R"("transcripts":[{"languageCode":"de")"));
}

TEST_F(V2Transcripts, AreTakenAwayInEveryFormat) {
  say("en");
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"", "application/json", "\"text\":\"ask not\""},
      {"?transcriptDownloadType=json", "application/json", "\"start\":0.5"},
      {"?transcriptDownloadType=txt", "text/plain; charset=utf-8", "ask not\n"},
      {"?transcriptDownloadType=srt", "application/x-subrip; charset=utf-8", "00:00:00,500 --> 00:00:01,300"},
      {"?transcriptDownloadType=vtt", "text/vtt; charset=utf-8", "WEBVTT"}};
  for (const auto& [query, type, part] : cases) {
    const Reply reply = house.call("GET", download(query));
    EXPECT_EQ(reply.status, 200) << query;
    EXPECT_EQ(reply.field("content-type"), type);
    EXPECT_THAT(reply.body, HasSubstr(part));
  }
  EXPECT_THAT(house.call("GET", download("?transcriptDownloadType=srt")).field("content-disposition"),
              HasSubstr("filename=\"clip.en.srt\""));
  EXPECT_EQ(house.call("GET", download("?transcriptDownloadType=pdf")).at("data.transcriptDownloadType"),
            "transcriptDownloadType must be json, txt, srt or vtt");
}

TEST_F(V2Transcripts, OfAnotherMediaAreNotFound) {
  say("en");
  const std::string other = house.ingest("another original");
  EXPECT_EQ(house.call("GET", "/v2/media/" + other + "/metadata/transcripts/t-en/download").status, 404);
  EXPECT_EQ(house.call("GET", list() + "/nothing/download").status, 404);
}

}  // namespace
}  // namespace millrace::handlers
