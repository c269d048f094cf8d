#include "handlers/s3/payload.h"

#include <gtest/gtest.h>

#include "tests/media/fake_store.h"

namespace millrace::handlers::s3 {
namespace {

using Field = std::pair<std::string, std::string>;

class FakeExchange final : public http::Exchange {
 public:
  void inform(int, const http::Fields&) override {}
};

// The text, or the code of the refusal.
std::string read(const std::string& payload_hash, const std::vector<Field>& fields, std::string_view body) {
  FakeExchange exchange;
  for (const auto& [name, value] : fields) exchange.request.fields.add(name, value);
  exchange.body.open(nullptr, body.size());
  for (std::size_t at = 0; at < body.size(); at += 7) exchange.body.push(rt::Slice::copy_of(body.substr(at, 7)));
  exchange.body.end();
  Caller caller;
  caller.signature.payload_hash = payload_hash;
  const auto text = rt::run_until_done(read_document(exchange, caller, 1000));
  return text ? *text : text.error().code;
}

constexpr const char* kUnsigned = "UNSIGNED-PAYLOAD";
constexpr const char* kTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
constexpr const char* kHello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
constexpr const char* kOther = "3cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

TEST(Payload, compares_the_signed_hash) {
  EXPECT_EQ(read(kHello, {}, "hello"), "hello");
  EXPECT_EQ(read(kOther, {}, "hello"), "XAmzContentSHA256Mismatch");
  EXPECT_EQ(read(kUnsigned, {}, "hello"), "hello");
  EXPECT_EQ(read("nonsense", {}, "hello"), "InvalidArgument");
  EXPECT_EQ(read("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", {}, "hello"), "NotImplemented");
}

TEST(Payload, compares_what_was_sent_along) {
  EXPECT_EQ(read(kUnsigned, {{"content-md5", "XUFAKrxLKna5cZ2REBfFkg=="}}, "hello"), "hello");
  EXPECT_EQ(read(kUnsigned, {{"content-md5", "XUFAKrxLKna5cZ2REBfFkg=="}}, "hella"), "BadDigest");
  EXPECT_EQ(read(kUnsigned, {{"content-md5", "short"}}, "hello"), "InvalidDigest");
  const std::vector<Field> right = {{"x-amz-checksum-crc32", "NhCmhg=="},
                                    {"x-amz-checksum-crc32c", "mnG7TA=="},
                                    {"x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="},
                                    {"x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="}};
  for (const Field& field : right) {
    EXPECT_EQ(read(kUnsigned, {field}, "hello"), "hello") << field.first;
    EXPECT_EQ(read(kUnsigned, {field}, "hallo"), "BadDigest") << field.first;
  }
  EXPECT_EQ(read(kUnsigned, {right[0], right[1]}, "hello"), "InvalidRequest");
  EXPECT_EQ(read(kUnsigned, {{"x-amz-checksum-crc32", "NhCmhgAA"}}, "hello"), "InvalidRequest");
  EXPECT_EQ(read(kUnsigned, {{"x-amz-checksum-crc31", "NhCmhg=="}}, "hello"), "InvalidRequest");
}

std::vector<Field> streamed(std::string length) {
  return {{"x-amz-decoded-content-length", std::move(length)}, {"x-amz-trailer", "x-amz-checksum-crc32"}};
}

TEST(Payload, compares_the_trailer) {
  const std::string chunk = "5\r\nhello\r\n0\r\n";
  EXPECT_EQ(read(kTrailer, streamed("5"), chunk + "x-amz-checksum-crc32:NhCmhg==\r\n\r\n"), "hello");
  EXPECT_EQ(read(kTrailer, streamed("5"), chunk + "x-amz-checksum-crc32:NhCmhw==\r\n\r\n"), "BadDigest");
  EXPECT_EQ(read(kTrailer, streamed("5"), chunk + "x-amz-checksum-crc32:N\r\n\r\n"), "InvalidRequest");
  EXPECT_EQ(read(kTrailer, streamed("5"), chunk + "\r\n"), "InvalidRequest");
  const std::vector<Field> unannounced = {{"x-amz-decoded-content-length", "5"}};
  EXPECT_EQ(read(kTrailer, unannounced, chunk + "x-amz-checksum-crc32:NhCmhw==\r\n\r\n"), "InvalidRequest");
  EXPECT_EQ(read(kTrailer, streamed("5"), chunk + "x-amz-checksum-crc32:NhCmhg==\r\nx-amz-checksum-sha1:AA==\r\n\r\n"),
            "InvalidRequest");
}

TEST(Payload, wants_the_announced_length) {
  const std::string body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
  EXPECT_EQ(read(kTrailer, streamed("6"), body), "IncompleteBody");
  EXPECT_EQ(read(kTrailer, streamed("4"), body), "IncompleteBody");
  EXPECT_EQ(read(kTrailer, streamed("x"), body), "InvalidArgument");
  EXPECT_EQ(read(kTrailer, {}, body), "MissingContentLength");
  EXPECT_EQ(read(kTrailer, streamed("5"), "5\r\nhello\r\n"), "IncompleteBody");
}

TEST(Payload, refuses_framing_nobody_signed) {
  EXPECT_EQ(read(kUnsigned, {{"content-encoding", "aws-chunked"}}, "5\r\nhello\r\n0\r\n\r\n"), "NotImplemented");
  EXPECT_EQ(read(kHello, {{"content-encoding", "aws-chunked"}}, "hello"), "NotImplemented");
}

TEST(Payload, bounds_a_document) {
  EXPECT_EQ(read(kUnsigned, {}, std::string(1000, 'a')), std::string(1000, 'a'));
  EXPECT_EQ(read(kUnsigned, {}, std::string(1001, 'a')), "MaxMessageLengthExceeded");
}

}  // namespace
}  // namespace millrace::handlers::s3
