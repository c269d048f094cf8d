// tus 1.0 through the gateway.
#include <gmock/gmock.h>

#include "tests/handlers/tus/tus_house.h"

namespace millrace::handlers::tus {
namespace {

using testing::HasSubstr;

std::string sha1_of(std::string_view bytes) {
  http::Hasher hasher(http::Hasher::Kind::kSha1);
  hasher.update(http::bytes_of(bytes));
  return "sha1 " + base64_of(hasher.finish());
}

TEST(Tus, TellsWhatItCanDoToAnybody) {
  TusHouse house;
  for (const char* path : {"/files", "/files/", "/files/some-id"}) {
    const Reply reply = house.ask({.method = "OPTIONS", .target = path});
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.field("tus-version"), "1.0.0");
    EXPECT_EQ(reply.field("tus-resumable"), "1.0.0");
    EXPECT_EQ(reply.field("tus-max-size"), text_of(house.services->settings.upload_bytes_max));
    EXPECT_THAT(reply.field("tus-checksum-algorithm"), HasSubstr("sha1,sha256"));
    EXPECT_THAT(reply.field("accept-patch"), HasSubstr("application/partial-upload"));
    for (const char* extension : {"creation", "creation-with-upload", "creation-defer-length", "expiration", "checksum",
                                  "checksum-trailer", "termination", "concatenation", "concatenation-unfinished"}) {
      EXPECT_THAT("," + reply.field("tus-extension") + ",", HasSubstr("," + std::string(extension) + ","));
    }
  }
}

TEST(Tus, LastByteMakesTheMedia) {
  TusHouse house;
  const std::string path = house.make(
      {{"upload-length", "10"}, {"upload-metadata", "filename Y2xpcC5tcDQ=,filetype dmlkZW8vbXA0,title VA=="}});
  const Reply first = house.send(path, 0, "01234");
  EXPECT_EQ(first.status, 204);
  EXPECT_EQ(first.field("upload-offset"), "5");
  EXPECT_NE(first.field("upload-expires"), "");
  EXPECT_EQ(house.call("GET", path).status, 409) << "not finished";
  const Reply last = house.send(path, 5, "56789");
  EXPECT_EQ(last.status, 204);
  EXPECT_EQ(last.field("upload-offset"), "10");
  const Reply upload = house.call("GET", "/v2/uploads/" + TusHouse::id_in(path));
  EXPECT_EQ(upload.at("data.state"), "completed");
  EXPECT_EQ(upload.at("data.type"), "tus");
  EXPECT_EQ(upload.at("data.fileName"), "clip.mp4");
  EXPECT_EQ(upload.at("data.contentType"), "video/mp4");
  EXPECT_EQ(upload.at("data.mediaId"), last.field("x-media-id"));
  EXPECT_EQ(house.call("GET", "/v2/media/" + last.field("x-media-id")).at("data.title"), "T");
  EXPECT_EQ(house.content(path), "0123456789");
  EXPECT_EQ(house.call("GET", path, {}, {{"range", "bytes=2-3"}}).body, "23");
  EXPECT_EQ(house.call("GET", path, {}, {{"range", "bytes=20-"}}).status, 416);
}

TEST(Tus, HeadTellsHowFarItIs) {
  TusHouse house;
  const std::string path = house.make({{"upload-length", "10"}, {"upload-metadata", "b Yg==,a"}});
  house.send(path, 0, "0123");
  const Reply reply = house.tus("HEAD", path);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.field("upload-offset"), "4");
  EXPECT_EQ(reply.field("upload-length"), "10");
  EXPECT_EQ(reply.field("upload-metadata"), "a,b Yg==");
  EXPECT_EQ(reply.field("cache-control"), "no-store");
  EXPECT_EQ(reply.field("upload-defer-length"), "");
}

TEST(Tus, BrokenPatchKeepsWhatArrived) {
  TusHouse house;
  const std::string path = house.make(5000);
  house.ask({.method = "PATCH",
             .target = path,
             .body = std::string(3000, 'a'),
             .fields = {{"tus-resumable", "1.0.0"},
                        {"upload-offset", "0"},
                        {"content-type", "application/offset+octet-stream"}},
             .key = house.admin.bearer,
             .breaks = true});
  EXPECT_EQ(house.tus("HEAD", path).field("upload-offset"), "3000");
  const Reply wrong = house.send(path, 2000, std::string(3000, 'b'));
  EXPECT_EQ(wrong.status, 409);
  EXPECT_EQ(wrong.field("upload-offset"), "3000");
  EXPECT_EQ(house.send(path, 0, std::string(5000, 'b')).status, 409) << "nothing is replaced";
  EXPECT_EQ(house.send(path, 3000, std::string(2000, 'b')).status, 204);
  EXPECT_EQ(house.content(path), std::string(3000, 'a') + std::string(2000, 'b'));
}

TEST(Tus, RefusesWhatItDoesNotUnderstand) {
  TusHouse house;
  const std::string path = house.make(10);
  struct Case {
    const char* method;
    std::string target;
    FieldList fields;
    int status;
  };
  const std::string bytes = "application/offset+octet-stream";
  const Case cases[] = {
      {"POST", "/files", {}, 400},
      {"POST", "/files", {{"upload-length", "-1"}}, 400},
      {"POST", "/files", {{"upload-length", "1"}, {"upload-length", "1"}}, 400},
      {"POST", "/files", {{"upload-length", "1"}, {"upload-defer-length", "1"}}, 400},
      {"POST", "/files", {{"upload-defer-length", "2"}}, 400},
      {"POST", "/files", {{"upload-length", "9999999999999999"}}, 413},
      {"POST", "/files", {{"upload-length", "1"}, {"upload-metadata", "a b c"}}, 400},
      {"POST", "/files", {{"upload-length", "1"}, {"upload-metadata", "filename AA=="}}, 400},
      {"POST", "/files", {{"upload-length", "1"}, {"upload-concat", "final;/files/x"}}, 400},
      {"POST", "/files", {{"upload-concat", "final;/files/x"}}, 400},
      {"POST", "/files", {{"upload-length", "1"}, {"upload-metadata", "channelId eA=="}}, 400},
      {"PATCH", path, {{"upload-offset", "0"}}, 415},
      {"PATCH", path, {{"upload-offset", "0"}, {"content-type", "text/plain"}}, 415},
      {"PATCH", path, {{"content-type", bytes}}, 400},
      {"PATCH", path, {{"content-type", bytes}, {"upload-offset", "x"}}, 400},
      {"PATCH", path, {{"content-type", bytes}, {"upload-offset", "0"}, {"upload-checksum", "sha0 YQ=="}}, 400},
      {"PATCH", path, {{"content-type", bytes}, {"upload-offset", "0"}, {"upload-checksum", "sha1"}}, 400},
      {"PATCH", path, {{"content-type", bytes}, {"upload-offset", "0"}, {"upload-length", "11"}}, 413},
      {"PATCH", path, {{"content-type", bytes}, {"upload-offset", "0"}, {"upload-length", "9"}}, 400},
      {"PATCH", "/files/absent", {{"content-type", bytes}, {"upload-offset", "0"}}, 404},
      {"HEAD", "/files/absent", {}, 404},
      {"DELETE", "/files/absent", {}, 404},
      {"POST", path, {{"x-http-method-override", "GET"}}, 405},
      {"PUT", path, {}, 405},
  };
  for (const Case& each : cases) {
    const Reply reply = house.tus(each.method, each.target, each.fields);
    EXPECT_EQ(reply.status, each.status) << each.method << " " << testing::PrintToString(each.fields) << reply.body;
    EXPECT_EQ(reply.field("tus-resumable"), "1.0.0");
    EXPECT_EQ(reply.field("content-type"), "application/problem+json");
    EXPECT_EQ(reply.field("x-should-retry"), "false");
  }
  EXPECT_EQ(house.tus("HEAD", path).field("upload-offset"), "0");
}

TEST(Tus, SpeaksOneVersion) {
  TusHouse house;
  const std::string path = house.make(10);
  for (const char* method : {"HEAD", "PATCH", "DELETE", "POST"}) {
    const Reply reply = house.ask(
        {.method = method, .target = path, .fields = {{"tus-resumable", "0.2.2"}}, .key = house.admin.bearer});
    EXPECT_EQ(reply.status, 412) << method;
    EXPECT_EQ(reply.field("tus-version"), "1.0.0");
  }
  EXPECT_EQ(house.draft("POST", "/files", {{"upload-length", "1"}}).status, 412);
  EXPECT_EQ(
      house.draft("PATCH", path, {{"upload-offset", "0"}, {"content-type", "application/offset+octet-stream"}}).status,
      412);
}

TEST(Tus, NeedsAKeyOfTheTenant) {
  TusHouse house;
  const std::string path = house.make(10);
  EXPECT_EQ(
      house.ask({.method = "POST", .target = "/files", .fields = {{"tus-resumable", "1.0.0"}, {"upload-length", "1"}}})
          .status,
      401);
  EXPECT_EQ(house.ask({.method = "HEAD", .target = path}).status, 401);
  EXPECT_EQ(house.ask({.method = "HEAD", .target = path, .key = "sk-wrong"}).status, 401);
  ASSERT_TRUE(rt::run_until_done(house.tenants->create("other", "Other")));
  const auto other = rt::run_until_done(house.tenants->create_key("other", "k", media::kAllScopes));
  for (const char* method : {"HEAD", "GET", "DELETE"}) {
    EXPECT_EQ(house.ask({.method = method, .target = path, .key = other->bearer}).status, 404) << method;
  }
  const auto reader = rt::run_until_done(
      house.tenants->create_key("default", "k", static_cast<media::Scopes>(media::Scope::kDownloads)));
  EXPECT_EQ(house.ask({.method = "HEAD", .target = path, .key = reader->bearer}).status, 403);
}

TEST(Tus, UploadsOfOtherDoorsAreNotHere) {
  TusHouse house;
  const auto [id, address] = house.new_put();
  EXPECT_EQ(house.tus("HEAD", "/files/" + id).status, 404);
}

TEST(Tus, LengthMayComeLater) {
  TusHouse house;
  const std::string path = house.make({{"upload-defer-length", "1"}});
  EXPECT_EQ(house.tus("HEAD", path).field("upload-defer-length"), "1");
  EXPECT_EQ(house.send(path, 0, "01234").status, 204);
  EXPECT_EQ(house.send(path, 5, "", {{"upload-length", "10"}}).status, 204);
  const Reply reply = house.tus("HEAD", path);
  EXPECT_EQ(reply.field("upload-length"), "10");
  EXPECT_EQ(reply.field("upload-defer-length"), "");
  EXPECT_EQ(house.send(path, 5, "5", {{"upload-length", "11"}}).status, 409) << "it is told once";
  EXPECT_EQ(house.send(path, 5, "567890").status, 413);
  EXPECT_EQ(house.send(path, std::stoull(house.tus("HEAD", path).field("upload-offset")), "56789").status, 204);
  EXPECT_EQ(house.content(path), "0123456789");
}

TEST(Tus, LengthThatIsReachedAlreadyEndsTheFile) {
  TusHouse house;
  const std::string path = house.make({{"upload-defer-length", "1"}});
  house.send(path, 0, "01234");
  EXPECT_NE(house.send(path, 5, "", {{"upload-length", "5"}}).field("x-media-id"), "");
  EXPECT_EQ(house.content(path), "01234");
}

TEST(Tus, CreationMayBringBytes) {
  TusHouse house;
  const FieldList fields = {{"upload-length", "10"}, {"content-type", "application/offset+octet-stream"}};
  const Reply part = house.tus("POST", "/files/", fields, "01234");
  EXPECT_EQ(part.status, 201);
  EXPECT_EQ(part.field("upload-offset"), "5");
  const std::string path = TusHouse::path_in(part.field("location"));
  house.send(path, 5, "56789");
  EXPECT_EQ(house.content(path), "0123456789");
  const Reply all = house.tus("POST", "/files", fields, "abcdefghij");
  EXPECT_EQ(all.status, 201);
  EXPECT_NE(all.field("x-media-id"), "");
  EXPECT_EQ(house.tus("POST", "/files", fields, "abcdefghijk").status, 413);
}

TEST(Tus, RepeatedCreationWithAKeyAnswersTheSameUpload) {
  TusHouse house;
  const FieldList fields = {{"upload-length", "10"}, {"idempotency-key", "k"}};
  const Reply first = house.tus("POST", "/files", fields);
  EXPECT_EQ(first.status, 201);
  house.send(TusHouse::path_in(first.field("location")), 0, "01234");
  const Reply again = house.tus("POST", "/files", fields);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.field("location"), first.field("location"));
  EXPECT_EQ(again.field("upload-offset"), "5") << "where it now is";
  EXPECT_EQ(again.field("idempotency-replayed"), "true");
  EXPECT_EQ(house.tus("POST", "/files", {{"upload-length", "11"}, {"idempotency-key", "k"}}).status, 409);
  EXPECT_EQ(house.tus("POST", "/files", {{"upload-length", "11"}, {"idempotency-key", ""}}).status, 400);
}

TEST(Tus, EmptyFileIsDoneAtOnce) {
  TusHouse house;
  const Reply reply = house.tus("POST", "/files", {{"upload-length", "0"}});
  EXPECT_EQ(reply.status, 201);
  EXPECT_NE(reply.field("x-media-id"), "");
  EXPECT_EQ(house.content(TusHouse::path_in(reply.field("location"))), "");
}

TEST(Tus, WrongChecksumKeepsNothing) {
  TusHouse house;
  const std::string path = house.make(10);
  const Reply wrong = house.send(path, 0, "01234", {{"upload-checksum", sha1_of("x")}});
  EXPECT_EQ(wrong.status, 460);
  EXPECT_EQ(house.tus("HEAD", path).field("upload-offset"), "0");
  EXPECT_EQ(house.store.objects(), 0u);
  EXPECT_EQ(house.send(path, 0, "01234", {{"upload-checksum", sha1_of("01234")}}).status, 204);
  EXPECT_EQ(house.send(path, 5, "56789", {{"upload-checksum", sha1_of("01234")}}).status, 460)
      << "the whole file either";
  EXPECT_EQ(house.tus("HEAD", path).field("upload-offset"), "5");
  EXPECT_EQ(house.send(path, 5, "56789", {{"upload-checksum", sha1_of("56789")}}).status, 204);
  EXPECT_EQ(house.content(path), "0123456789");
}

TEST(Tus, ChecksumMayComeInTheTrailer) {
  TusHouse house;
  const std::string path = house.make(10);
  Ask ask{.method = "PATCH",
          .target = path,
          .body = "0123456789",
          .fields = {{"tus-resumable", "1.0.0"},
                     {"upload-offset", "0"},
                     {"trailer", "x-other, Upload-Checksum"},
                     {"content-type", "application/offset+octet-stream"}},
          .key = house.admin.bearer,
          .measured = false};
  EXPECT_EQ(house.ask(ask).status, 400) << "announced and not sent";
  ask.trailers = {{"upload-checksum", sha1_of("x")}};
  EXPECT_EQ(house.ask(ask).status, 460);
  EXPECT_EQ(house.tus("HEAD", path).field("upload-offset"), "0");
  ask.trailers = {{"upload-checksum", sha1_of("0123456789")}};
  EXPECT_EQ(house.ask(ask).status, 204);
  EXPECT_EQ(house.content(path), "0123456789");
}

TEST(Tus, BrokenPatchWithChecksumKeepsNothing) {
  TusHouse house;
  const std::string path = house.make(10);
  house.ask({.method = "PATCH",
             .target = path,
             .body = "01234",
             .fields = {{"tus-resumable", "1.0.0"},
                        {"upload-offset", "0"},
                        {"upload-checksum", sha1_of("0123456789")},
                        {"content-type", "application/offset+octet-stream"}},
             .key = house.admin.bearer,
             .breaks = true});
  EXPECT_EQ(house.tus("HEAD", path).field("upload-offset"), "0");
}

TEST(Tus, TerminationFreesTheBytes) {
  TusHouse house;
  const std::string path = house.make(10);
  house.send(path, 0, "01234");
  EXPECT_EQ(house.tus("DELETE", path).status, 204);
  EXPECT_EQ(house.store.objects(), 0u);
  EXPECT_EQ(house.tus("HEAD", path).status, 410);
  EXPECT_EQ(house.send(path, 5, "56789").status, 410);
  EXPECT_EQ(house.call("GET", "/v2/uploads/" + TusHouse::id_in(path)).at("data.state"), "cancelled");
}

TEST(Tus, TerminatingAFinishedUploadLeavesItsMedia) {
  TusHouse house;
  const std::string path = house.make(5);
  const std::string media = house.send(path, 0, "01234").field("x-media-id");
  EXPECT_EQ(house.tus("DELETE", path).status, 204);
  EXPECT_EQ(house.tus("HEAD", path).status, 404);
  EXPECT_EQ(house.call("GET", "/v2/media/" + media + "/original").body, "01234");
}

TEST(Tus, RepeatOfTheLastPatchIsRight) {
  TusHouse house;
  const std::string path = house.make(5);
  house.send(path, 0, "01234");
  EXPECT_EQ(house.send(path, 5, "").status, 204);
  EXPECT_EQ(house.send(path, 0, "01234").status, 409);
  EXPECT_EQ(house.send(path, 5, "5").status, 413);
}

TEST(Tus, MethodMayBeOverridden) {
  TusHouse house;
  const std::string path = house.make(5);
  const FieldList fields = {
      {"x-http-method-override", "PATCH"}, {"upload-offset", "0"}, {"content-type", "application/offset+octet-stream"}};
  EXPECT_EQ(house.tus("POST", path, fields, "01234").status, 204);
  EXPECT_EQ(house.tus("POST", path, {{"x-http-method-override", "HEAD"}}).field("upload-offset"), "5");
}

TEST(Tus, PiecesAreJoined) {
  TusHouse house;
  const std::string one = house.piece("one ");
  const std::string two = house.piece("two");
  EXPECT_EQ(house.tus("HEAD", one).field("upload-concat"), "partial");
  const std::string concat = "final;http://media.example" + one + " " + two;
  const Reply joined = house.tus("POST", "/files", {{"upload-concat", concat}, {"upload-metadata", "filename Yg=="}});
  EXPECT_EQ(joined.status, 201) << joined.body;
  const std::string path = TusHouse::path_in(joined.field("location"));
  const Reply head = house.tus("HEAD", path);
  EXPECT_EQ(head.field("upload-concat"), "final;" + one + " " + two);
  EXPECT_EQ(head.field("upload-length"), "7");
  EXPECT_EQ(head.field("upload-offset"), "7");
  EXPECT_EQ(house.content(path), "one two");
  EXPECT_EQ(house.tus("HEAD", one).field("upload-offset"), "4") << "a client that asks again need not send again";
  EXPECT_EQ(house.tus("POST", "/files", {{"upload-concat", concat}}).field("location"), joined.field("location"));
}

TEST(Tus, UnfinishedPiecesMayBeJoined) {
  TusHouse house;
  const std::string one = house.make({{"upload-length", "4"}, {"upload-concat", "partial"}});
  const std::string two = house.make({{"upload-defer-length", "1"}, {"upload-concat", "partial"}});
  const std::string path = house.make({{"upload-concat", "final;" + one + " " + two}});
  Reply head = house.tus("HEAD", path);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("upload-offset"), "");
  EXPECT_EQ(head.field("upload-length"), "");
  EXPECT_EQ(house.send(path, 0, "x").status, 403);
  house.send(two, 0, "two", {{"upload-length", "3"}});
  house.send(one, 0, "one ");
  head = house.tus("HEAD", path);
  EXPECT_EQ(head.field("upload-offset"), "7");
  EXPECT_EQ(house.content(path), "one two");
}

TEST(Tus, DuplicateIsTheMediaThatIsThere) {
  TusHouse house;
  media::Tenant owner = *house.tenants->tenant("default");
  owner.duplicate_check = true;
  ASSERT_TRUE(rt::run_until_done(house.tenants->update(owner)));
  const std::string media = house.ingest("01234");
  const std::string path = house.make(5);
  const Reply last = house.send(path, 0, "01234");
  EXPECT_EQ(last.status, 204);
  EXPECT_EQ(last.field("x-media-id"), media);
  EXPECT_EQ(house.tus("HEAD", path).field("upload-offset"), "5");
  EXPECT_EQ(house.content(path), "01234");
}

class TusAddress : public testing::Test {
 protected:
  TusAddress() {
    const Reply made = house_.call("POST", "/v2/uploads", R"({"fileName":"clip.mp4","type":"tus","fileSize":10})");
    EXPECT_EQ(made.status, 201) << made.body;
    id_ = made.at("data.id");
    address_ = TusHouse::path_in(made.at("data.input.url"));
  }
  Reply bare(std::string method, std::string target, FieldList fields = {}, std::string body = {}) {
    fields.emplace_back("tus-resumable", "1.0.0");
    return house_.ask({.method = std::move(method),
                       .target = std::move(target),
                       .body = std::move(body),
                       .fields = std::move(fields)});
  }
  Reply send(std::uint64_t offset, std::string body) {
    return bare("PATCH", address_,
                {{"upload-offset", text_of(offset)}, {"content-type", "application/offset+octet-stream"}},
                std::move(body));
  }

  TusHouse house_;
  std::string id_;
  std::string address_;
};

TEST_F(TusAddress, IsEnoughToSend) {
  EXPECT_EQ(bare("HEAD", address_).field("upload-length"), "10");
  EXPECT_EQ(send(0, "01234").status, 204);
  EXPECT_EQ(bare("HEAD", address_).field("upload-offset"), "5");
  EXPECT_EQ(send(5, "56789").status, 204);
  const Reply upload = house_.call("GET", "/v2/uploads/" + id_);
  EXPECT_EQ(upload.at("data.state"), "uploading") << "its complete call makes the media";
  EXPECT_EQ(upload.at("data.bytesReceived"), "10");
  EXPECT_EQ(upload.at("data.input.url").find("http://media.example:8080" + address_), 0u);
  const std::string media = house_.call("POST", "/v2/uploads/" + id_ + "/complete").at("data.mediaId");
  EXPECT_EQ(house_.call("GET", "/v2/media/" + media + "/original").body, "0123456789");
  EXPECT_EQ(house_.call("GET", "/v2/uploads/" + id_).at("data.input.url"), "absent");
}

TEST_F(TusAddress, IsGoodForNothingElse) {
  const std::string other = house_.make(10);
  const std::string token = address_.substr(address_.find('?'));
  EXPECT_EQ(bare("HEAD", other + token).status, 401);
  EXPECT_EQ(bare("HEAD", address_ + "x").status, 401);
  EXPECT_EQ(bare("HEAD", "/files/" + id_).status, 401);
  EXPECT_EQ(bare("POST", "/files" + token, {{"upload-length", "1"}}).status, 401);
  EXPECT_EQ(bare("GET", address_).status, 401);
  send(0, "0123456789");
  EXPECT_EQ(house_.call("POST", "/v2/uploads/" + id_ + "/complete").status, 200);
  EXPECT_EQ(bare("GET", address_).status, 401);
  EXPECT_EQ(bare("DELETE", address_).status, 403);
  EXPECT_EQ(bare("HEAD", address_).field("upload-offset"), "10");
}

TEST_F(TusAddress, MayGiveUp) {
  EXPECT_EQ(bare("DELETE", address_).status, 204);
  EXPECT_EQ(bare("HEAD", address_).status, 410);
}

TEST_F(TusAddress, EndsWithItsKey) {
  const Reply key = house_.call("POST", "/v2/keys", R"({"name":"k","scopes":["uploads"]})");
  const Reply made = house_.ask({.method = "POST",
                                 .target = "/v2/uploads",
                                 .body = R"({"fileName":"a","type":"tus"})",
                                 .fields = {{"content-type", "application/json"}},
                                 .key = key.at("data.key")});
  const std::string address = TusHouse::path_in(made.at("data.input.url"));
  EXPECT_EQ(bare("HEAD", address).status, 200);
  EXPECT_EQ(house_.call("DELETE", "/v2/keys/" + key.at("data.id")).status, 200);
  EXPECT_EQ(bare("HEAD", address).status, 401);
}

TEST(Tus, BrowsersMayReadItsFields) {
  Settings settings;
  settings.cors_origins = {"https://app.example"};
  TusHouse house(settings);
  const Reply reply = house.tus("POST", "/files", {{"upload-length", "1"}, {"origin", "https://app.example"}});
  EXPECT_EQ(reply.field("access-control-allow-origin"), "https://app.example");
  for (const char* name :
       {"Location", "Upload-Offset", "Upload-Length", "Upload-Expires", "Tus-Resumable", "Upload-Complete"}) {
    EXPECT_THAT(", " + reply.field("access-control-expose-headers") + ",", HasSubstr(", " + std::string(name) + ","));
  }
}

}  // namespace
}  // namespace millrace::handlers::tus
