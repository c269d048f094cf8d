// The IETF draft through the gateway.
#include <gmock/gmock.h>

#include "tests/handlers/tus/tus_house.h"

namespace millrace::handlers::tus {
namespace {

using testing::HasSubstr;

FieldList whole(FieldList more = {}) {
  more.emplace_back("upload-complete", "?1");
  return more;
}

FieldList part(FieldList more = {}) {
  more.emplace_back("upload-complete", "?0");
  return more;
}

TEST(Resumable, WholeFileInOneRequest) {
  TusHouse house;
  const Reply reply = house.draft(
      "POST", "/files", whole({{"content-type", "video/mp4"}, {"content-disposition", "inline; filename=\"a b.mp4\""}}),
      "all of it");
  EXPECT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(reply.field("upload-complete"), "?1");
  ASSERT_EQ(reply.informed.size(), 1u);
  EXPECT_EQ(reply.informed[0].first, 104);
  EXPECT_EQ(reply.informed[0].second.get("location"), reply.field("location"));
  EXPECT_THAT(std::string(*reply.informed[0].second.get("upload-limit")), HasSubstr("max-size="));
  EXPECT_EQ(reply.informed[0].second.get("upload-draft-interop-version"), "8");
  const std::string path = TusHouse::path_in(reply.field("location"));
  EXPECT_EQ(house.content(path), "all of it");
  const Reply upload = house.call("GET", "/v2/uploads/" + TusHouse::id_in(path));
  EXPECT_EQ(upload.at("data.mediaId"), reply.at("mediaId"));
  EXPECT_EQ(upload.at("data.fileName"), "a b.mp4");
  EXPECT_EQ(upload.at("data.contentType"), "video/mp4");
}

TEST(Resumable, RepeatOfAFileThatWasCutIsNotToldThatItIsThere) {
  TusHouse house;
  const FieldList fields = whole({{"upload-length", "10"}, {"idempotency-key", "k"}});
  house.ask({.method = "POST",
             .target = "/files",
             .body = "01234",
             .fields = fields,
             .key = house.admin.bearer,
             .breaks = true});
  const Reply again = house.draft("POST", "/files", fields, "0123456789");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.field("upload-complete"), "?0");
  EXPECT_EQ(again.field("upload-offset"), "5");
  const std::string path = TusHouse::path_in(again.field("location"));
  EXPECT_EQ(house.append(path, 5, true, "56789").status, 200);
  EXPECT_EQ(house.draft("POST", "/files", fields, "0123456789").status, 201) << "now it is there";
  EXPECT_EQ(house.content(path), "0123456789");
}

TEST(Resumable, FileInPartsEndsWhenTheSenderSaysSo) {
  TusHouse house;
  const Reply made = house.draft("POST", "/files", part({{"upload-length", "10"}}), "01234");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.field("upload-complete"), "?0");
  EXPECT_NE(made.field("upload-limit"), "");
  const std::string path = TusHouse::path_in(made.field("location"));
  Reply reply = house.append(path, 5, false, "56789");
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.field("upload-complete"), "?0") << "although the length is reached";
  reply = house.draft("HEAD", path);
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.field("upload-offset"), "10");
  EXPECT_EQ(reply.field("upload-length"), "10");
  EXPECT_EQ(reply.field("upload-complete"), "?0");
  EXPECT_EQ(reply.field("cache-control"), "no-store");
  EXPECT_THAT(reply.field("upload-limit"), HasSubstr("max-age="));
  reply = house.append(path, 10, true, "");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.field("upload-complete"), "?1");
  EXPECT_EQ(house.content(path), "0123456789");
  EXPECT_EQ(house.draft("HEAD", path).field("upload-complete"), "?1");
}

TEST(Resumable, InterruptedCreationIsContinued) {
  TusHouse house;
  const Reply cut = house.ask({.method = "POST",
                               .target = "/files",
                               .body = std::string(3000, 'a'),
                               .fields = whole({{"upload-length", "5000"}}),
                               .key = house.admin.bearer,
                               .breaks = true});
  ASSERT_EQ(cut.informed.size(), 1u);
  const std::string path = TusHouse::path_in(std::string(*cut.informed[0].second.get("location")));
  EXPECT_EQ(house.draft("HEAD", path).field("upload-offset"), "3000");
  const Reply wrong = house.append(path, 2999, true, std::string(2001, 'b'));
  EXPECT_EQ(wrong.status, 409);
  EXPECT_EQ(wrong.field("upload-offset"), "3000");
  EXPECT_EQ(wrong.at("expected-offset"), "3000");
  EXPECT_EQ(wrong.at("provided-offset"), "2999");
  EXPECT_EQ(house.append(path, 3000, true, std::string(2000, 'b')).status, 200);
  EXPECT_EQ(house.content(path), std::string(3000, 'a') + std::string(2000, 'b'));
}

TEST(Resumable, LengthsMustAgree) {
  TusHouse house;
  const std::string problem = "https://iana.org/assignments/http-problem-types#inconsistent-upload-length";
  const Reply made = house.draft("POST", "/files", whole({{"upload-length", "10"}}), "01234");
  EXPECT_EQ(made.status, 400);
  EXPECT_EQ(made.at("type"), problem);
  const std::string path =
      TusHouse::path_in(house.draft("POST", "/files", part({{"upload-length", "10"}}), "01234").field("location"));
  Reply reply = house.append(path, 5, true, "567");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.at("type"), problem);
  reply = house.append(path, 5, false, "567", {{"upload-length", "11"}});
  EXPECT_NE(reply.status, 204);
  EXPECT_EQ(house.draft("HEAD", path).field("upload-offset"), "5");
  EXPECT_EQ(house.append(path, 5, false, "56789a").status, 413) << "the offset never passes the length";
}

TEST(Resumable, BodyWithoutALengthEndsTheFileWhereItEnds) {
  TusHouse house;
  const Reply reply = house.ask({.method = "POST",
                                 .target = "/files",
                                 .body = "unmeasured",
                                 .fields = whole(),
                                 .key = house.admin.bearer,
                                 .measured = false});
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.at("size"), "10");
  const Reply cut_short = house.ask({.method = "POST",
                                     .target = "/files",
                                     .body = "short",
                                     .fields = whole({{"upload-length", "10"}}),
                                     .key = house.admin.bearer,
                                     .measured = false});
  EXPECT_EQ(cut_short.status, 400) << "it does not end where it was announced to";
  EXPECT_EQ(house.draft("HEAD", TusHouse::path_in(cut_short.field("location"))).field("upload-complete"), "?0");
}

TEST(Resumable, CompletedUploadTakesNoMore) {
  TusHouse house;
  const std::string path = TusHouse::path_in(house.draft("POST", "/files", whole(), "01234").field("location"));
  const Reply again = house.append(path, 5, true, "");
  EXPECT_EQ(again.status, 400);
  EXPECT_THAT(again.at("type"), HasSubstr("completed-upload"));
  EXPECT_THAT(house.append(path, 5, true, "5").at("type"), HasSubstr("inconsistent-upload-length"));
  EXPECT_EQ(house.append(path, 3, true, "5").status, 409);
}

TEST(Resumable, CancelledUploadIsGone) {
  TusHouse house;
  const std::string path = TusHouse::path_in(house.draft("POST", "/files", part(), "01234").field("location"));
  EXPECT_EQ(house.draft("DELETE", path).status, 204);
  EXPECT_EQ(house.store.objects(), 0u);
  EXPECT_EQ(house.draft("HEAD", path).status, 410);
}

TEST(Resumable, NeedsItsFields) {
  TusHouse house;
  const std::string path = TusHouse::path_in(house.draft("POST", "/files", part(), "").field("location"));
  const auto patched = [&](FieldList fields) {
    fields.emplace_back("content-type", "application/partial-upload");
    return house.draft("PATCH", path, fields).status;
  };
  EXPECT_EQ(patched({{"upload-complete", "?1"}}), 400);
  EXPECT_EQ(patched({{"upload-offset", "0"}}), 400);
  EXPECT_EQ(patched({{"upload-offset", "-1"}, {"upload-complete", "?1"}}), 400);
  EXPECT_EQ(patched({{"upload-offset", "0"}, {"upload-complete", "1"}}), 400);
  EXPECT_EQ(house.draft("POST", "/files", {{"upload-complete", "yes"}}).status, 412)
      << "a field that is none counts as absent";
}

TEST(Resumable, TellsTheLimitItEnforces) {
  Settings settings;
  settings.upload_bytes_max = 8;
  TusHouse house(settings);
  EXPECT_EQ(house.draft("OPTIONS", "/files").field("upload-limit"), "max-size=8");
  const Reply reply = house.draft("POST", "/files", whole(), "123456789");
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.field("upload-limit"), "max-size=8");
  EXPECT_EQ(house
                .ask({.method = "POST",
                      .target = "/files",
                      .body = "123456789",
                      .fields = whole(),
                      .key = house.admin.bearer,
                      .measured = false})
                .status,
            413);
}

TEST(Resumable, OtherVersionsGetAPlainUpload) {
  TusHouse house;
  const Reply reply = house.draft("POST", "/files", whole({{"upload-draft-interop-version", "3"}}), "bytes");
  EXPECT_EQ(reply.status, 201);
  EXPECT_TRUE(reply.informed.empty());
}

TEST(Resumable, BothProtocolsWorkOnOneUpload) {
  TusHouse house;
  const std::string path = house.make(10);
  EXPECT_EQ(house.append(path, 0, false, "01234").status, 204);
  EXPECT_EQ(house.tus("HEAD", path).field("upload-offset"), "5");
  EXPECT_EQ(house.append(path, 5, false, "56789").status, 204);
  EXPECT_EQ(house.tus("HEAD", path).field("upload-offset"), "10") << "in tus the length ends the file";
  EXPECT_EQ(house.content(path), "0123456789");
}

}  // namespace
}  // namespace millrace::handlers::tus
