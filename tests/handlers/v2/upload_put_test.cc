#include "handlers/v2/upload_put.h"

#include <gtest/gtest.h>

#include "server/http/sigv4.h"
#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

std::string noise(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 2654435761u >> 13);
  return text;
}

// The address with one more parameter that its signature covers.
std::string signed_with(const http::sigv4::PresignOptions& options) {
  const std::string url = http::sigv4::presign(options);
  http::Request request;
  request.method_text = options.method;
  request.target = url.substr(options.origin.size());
  request.authority = options.origin.substr(options.origin.find("://") + 3);
  const auto signature = http::sigv4::read_signature(request);
  const std::string canonical = http::sigv4::canonical_request(request, *signature);
  const std::string wanted = http::sigv4::string_to_sign(*signature, canonical);
  const auto key = http::sigv4::signing_key(options.secret_key, *signature);
  constexpr std::string_view kName = "X-Amz-Signature=";
  const std::size_t at = request.target.find(kName) + kName.size();
  return request.target.substr(0, at) + http::hex(http::hmac_sha256(key, http::bytes_of(wanted)));
}

class UploadPut : public testing::Test {
 protected:
  Reply put(const std::string& body, const std::string& content_range = {}, bool breaks = false) {
    Ask ask{.method = "PUT", .target = address_, .body = body, .breaks = breaks};
    if (!content_range.empty()) ask.fields.emplace_back("content-range", content_range);
    return door_.ask(ask);
  }
  std::string received() { return door_.call("GET", "/v2/uploads/" + id_).at("data.bytesReceived"); }
  void begin(const std::string& more = {}) { std::tie(id_, address_) = door_.new_put(more); }
  std::string original() {
    const Reply done = door_.call("POST", "/v2/uploads/" + id_ + "/complete");
    EXPECT_EQ(done.status, 200) << done.body;
    return door_.call("GET", "/v2/media/" + done.at("data.mediaId") + "/original").body;
  }

  House door_;
  std::string id_;
  std::string address_;
};

TEST_F(UploadPut, TakesAWholeFile) {
  begin();
  const std::string content = noise(5000);
  const Reply reply = put(content);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.field("etag"), "\"" + id_ + "-5000\"");
  EXPECT_EQ(original(), content);
}

TEST_F(UploadPut, TakesAnEmptyFile) {
  begin();
  EXPECT_EQ(put("").status, 200);
  EXPECT_EQ(original(), "");
}

TEST_F(UploadPut, TakesPieces) {
  begin();
  const Reply first = put("01234", "bytes 0-4/10");
  EXPECT_EQ(first.status, 308);
  EXPECT_EQ(first.field("range"), "bytes=0-4");
  EXPECT_EQ(put("567", "bytes 5-7/*").field("range"), "bytes=0-7");
  EXPECT_EQ(put("89", "bytes 8-9/10").status, 200);
  EXPECT_EQ(original(), "0123456789");
}

TEST_F(UploadPut, AFirstPieceBeginsAnew) {
  begin();
  EXPECT_EQ(put(std::string(1000, 'A')).status, 200);
  const Reply first = put(std::string(100, 'B'), "bytes 0-99/2000");
  EXPECT_EQ(first.status, 308);
  EXPECT_EQ(first.field("range"), "bytes=0-99");
  EXPECT_EQ(put(std::string(1000, 'C'), "bytes 1000-1999/2000").status, 409);
  EXPECT_EQ(received(), "100");
  EXPECT_EQ(door_.call("POST", "/v2/uploads/" + id_ + "/complete").status, 409);
  EXPECT_EQ(put(std::string(1900, 'D'), "bytes 100-1999/2000").status, 200);
  EXPECT_EQ(original(), std::string(100, 'B') + std::string(1900, 'D'));
}

TEST_F(UploadPut, AFirstPieceThatFailsLeavesTheWholeFile) {
  begin();
  EXPECT_EQ(put("the whole file").status, 200);
  put("cut o", "bytes 0-9/20", true);
  EXPECT_EQ(put("short", "bytes 0-9/20").status, 400);
  EXPECT_EQ(put("", "bytes */14").status, 200);
  EXPECT_EQ(original(), "the whole file");
}

TEST_F(UploadPut, AWholeFileIsNotContinued) {
  begin();
  EXPECT_EQ(put("01234").status, 200);
  EXPECT_EQ(put("56789", "bytes 5-9/10").status, 409);
  EXPECT_EQ(put("56789", "bytes 5-9/*").status, 413);
  EXPECT_EQ(original(), "01234");
}

TEST_F(UploadPut, AWholeFileOfAnotherSizeIsNotTheOneAskedFor) {
  begin();
  EXPECT_EQ(put("0123456789").status, 200);
  const Reply asked = put("", "bytes */20");
  EXPECT_EQ(asked.status, 409);
  EXPECT_NE(asked.at("data.content-range"), "absent");
  EXPECT_EQ(put("", "bytes */10").status, 200);
}

TEST_F(UploadPut, TheTotalStaysFromPieceToPiece) {
  begin();
  EXPECT_EQ(put("0123456789", "bytes 0-9/100").status, 308);
  for (const char* range : {"bytes 10-19/20", "bytes 10-19/200"}) {
    const Reply reply = put("0123456789", range);
    EXPECT_EQ(reply.status, 409) << range;
    EXPECT_NE(reply.at("data.content-range"), "absent") << reply.body;
  }
  EXPECT_EQ(put("", "bytes */20").status, 409);
  EXPECT_EQ(put(std::string(91, 'x'), "bytes 10-100/*").status, 413);
  EXPECT_EQ(received(), "10");
  EXPECT_EQ(put(std::string(90, 'x'), "bytes 10-99/100").status, 200);
}

TEST_F(UploadPut, ANewBeginningMayHaveAnotherTotal) {
  begin();
  EXPECT_EQ(put("01234", "bytes 0-4/10").status, 308);
  EXPECT_EQ(put("abc", "bytes 0-2/6").status, 308);
  EXPECT_EQ(put("def", "bytes 3-5/6").status, 200);
  EXPECT_EQ(original(), "abcdef");
}

TEST_F(UploadPut, ATotalToldLaterHoldsToo) {
  begin();
  EXPECT_EQ(put("01234", "bytes 0-4/*").status, 308);
  EXPECT_EQ(put("567", "bytes 5-7/10").status, 308);
  EXPECT_EQ(put("89a", "bytes 8-10/11").status, 409);
  EXPECT_EQ(put("89", "bytes 8-9/10").status, 200);
}

TEST_F(UploadPut, GoesOnWhereABrokenOneStopped) {
  begin();
  const std::string content = noise(6000);
  put(content.substr(0, 2500), {}, true);
  const Reply asked = put("", "bytes */6000");
  EXPECT_EQ(asked.status, 308);
  EXPECT_EQ(asked.field("range"), "bytes=0-2499");
  EXPECT_EQ(door_.call("POST", "/v2/uploads/" + id_ + "/complete").status, 409);
  EXPECT_EQ(put(content.substr(2500), "bytes 2500-5999/6000").status, 200);
  EXPECT_EQ(original(), content);
}

TEST_F(UploadPut, AsksBeforeAnythingCame) {
  begin();
  const Reply asked = put("", "bytes */10");
  EXPECT_EQ(asked.status, 308);
  EXPECT_FALSE(asked.fields.get("range"));
}

TEST_F(UploadPut, ABreakRightAtTheEndIsHealedByAsking) {
  begin();
  put("0123456789", {}, true);
  EXPECT_EQ(put("", "bytes */10").status, 200);
  EXPECT_EQ(original(), "0123456789");
}

TEST_F(UploadPut, TellsTheRightOffset) {
  begin();
  put("01234", "bytes 0-4/10");
  const Reply reply = put("789", "bytes 7-9/10");
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.field("range"), "bytes=0-4");
  EXPECT_EQ(reply.at("data.bytesReceived"), "5");
  EXPECT_EQ(received(), "5");
}

TEST_F(UploadPut, RefusesBrokenRanges) {
  begin();
  for (const char* range :
       {"bytes 5-4/10", "bytes x-y/z", "bytes 0-9/5", "lines 0-1/2", "bytes 0-99999999999999999999/9", "bytes 0-9",
        "bytes 0-3/10", "bytes=0-9/10", "bytes -9/10"}) {
    EXPECT_EQ(put("0123456789", range).status, 400) << range;
  }
  EXPECT_EQ(received(), "0");
}

TEST_F(UploadPut, RefusesTwoRanges) {
  begin();
  const Ask ask{.method = "PUT",
                .target = address_,
                .body = "01234",
                .fields = {{"content-range", "bytes 0-4/10"}, {"content-range", "bytes 5-9/10"}}};
  EXPECT_EQ(door_.ask(ask).status, 400);
  EXPECT_EQ(received(), "0");
}

TEST_F(UploadPut, HoldsTheDeclaredSize) {
  begin(R"(,"fileSize":10)");
  EXPECT_EQ(put("01234567890").status, 413);
  const Reply less = put("012345678");
  EXPECT_EQ(less.status, 400);
  EXPECT_NE(less.at("data.fileSize"), "absent") << less.body;
  EXPECT_EQ(put("01234", "bytes 0-4/9").status, 400);
  EXPECT_EQ(put("01234", "bytes 0-4/11").status, 413);
  EXPECT_EQ(received(), "0");
  EXPECT_EQ(put("0123456789").status, 200);
  EXPECT_EQ(put("short").status, 400);
  EXPECT_EQ(original(), "0123456789");
}

TEST_F(UploadPut, ABodyThatEndsBeforeTheDeclaredSizeCanBeContinued) {
  begin(R"(,"fileSize":10)");
  const Reply less = door_.ask({.method = "PUT", .target = address_, .body = "01234", .measured = false});
  EXPECT_EQ(less.status, 400);
  EXPECT_NE(less.at("data.fileSize"), "absent") << less.body;
  EXPECT_EQ(received(), "5");
  EXPECT_EQ(put("56789", "bytes 5-9/10").status, 200);
  EXPECT_EQ(original(), "0123456789");
}

TEST_F(UploadPut, HoldsTheOperatorsLimit) {
  door_.services->settings.upload_bytes_max = 1000;
  begin();
  EXPECT_EQ(put(noise(1001)).status, 413);
  EXPECT_EQ(put("x", "bytes 1000-1000/1001").status, 413);
  EXPECT_EQ(put(noise(1000)).status, 200);
}

TEST_F(UploadPut, TheSignatureIsGoodForThisUploadOnly) {
  begin();
  const auto [other, other_address] = door_.new_put();
  std::string forged = address_;
  forged.replace(forged.find(id_), id_.size(), other);
  EXPECT_EQ(door_.ask({.method = "PUT", .target = forged, .body = "x"}).status, 403);
  std::string tampered = address_;
  tampered.back() = tampered.back() == '0' ? '1' : '0';
  EXPECT_EQ(door_.ask({.method = "PUT", .target = tampered, .body = "x"}).status, 403);
  EXPECT_EQ(door_.ask({.target = address_}).status, 403);
  EXPECT_EQ(received(), "0");
}

TEST_F(UploadPut, ASignatureOverTheContentIsRefused) {
  begin();
  const auto key = door_.tenants->access_key_of(door_.admin.key.id);
  const auto address = [&](std::string_view hash) {
    return signed_with({.method = "PUT",
                        .origin = "http://media.example:8080",
                        .path = "/uploads/" + id_,
                        .access_key = key->id,
                        .secret_key = key->secret,
                        .now_seconds = media::system_clock_ms() / 1000,
                        .query = {{"X-Amz-Content-Sha256", std::string(hash)}}});
  };
  const std::string hash = http::hex(http::sha256(http::bytes_of("expected")));
  EXPECT_EQ(door_.ask({.method = "PUT", .target = address(hash), .body = "other"}).status, 422);
  EXPECT_EQ(received(), "0");
  EXPECT_EQ(door_.ask({.method = "PUT", .target = address("UNSIGNED-PAYLOAD"), .body = "other"}).status, 200);
}

TEST_F(UploadPut, TheSignatureEnds) {
  static std::int64_t now_ms;
  now_ms = media::system_clock_ms();
  door_.services->settings.presign_seconds = 60;
  begin();
  door_.services->clock = [] { return now_ms; };
  now_ms += 61'000;
  EXPECT_EQ(put("late").status, 403);
}

TEST_F(UploadPut, ARevokedKeyEndsItsAddresses) {
  const Reply made = door_.call("POST", "/v2/keys", R"({"scopes":["uploads"]})");
  const Reply created = door_.ask({.method = "POST",
                                   .target = "/v2/uploads",
                                   .body = R"({"fileName":"a","type":"put"})",
                                   .key = made.at("data.key")});
  const std::string url = created.at("data.input.url");
  address_ = url.substr(url.find("/uploads/"));
  EXPECT_EQ(door_.call("DELETE", "/v2/keys/" + made.at("data.id")).status, 200);
  EXPECT_EQ(put("x").status, 403);
}

TEST_F(UploadPut, NeedsToKnowWhereABodyEndsInHttp1UnlessItOnlyAsks) {
  class Http1 final : public http::Exchange {
   public:
    void inform(int, const http::Fields&) override {}
  };
  const auto put_without_length = [this](const char* content_range) {
    Http1 exchange;
    exchange.request.method = http::Method::kPut;
    exchange.request.method_text = "PUT";
    exchange.request.target = address_;
    exchange.request.authority = "media.example:8080";
    if (content_range) exchange.request.fields.add("content-range", content_range);
    exchange.body.end();
    return rt::run_until_done(door_.gateway->answer(exchange)).status;
  };
  begin();
  EXPECT_EQ(put_without_length(nullptr), 411);
  EXPECT_EQ(put_without_length("bytes 0-9/10"), 411);
  EXPECT_EQ(put_without_length("bytes */10"), 308);
}

}  // namespace
}  // namespace millrace::handlers
