// Checked against the published streaming examples of the S3 documentation.
#include "server/http/aws_chunked.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

ChunkChain chain_of(std::string seed) {
  sigv4::Signature signature;
  signature.date = "20130524";
  signature.region = "us-east-1";
  signature.service = "s3";
  return {sigv4::signing_key(kSecret, signature), signature.scope(), "20130524T000000Z", std::move(seed)};
}

std::string published_body() {
  return "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
         std::string(65536, 'a') +
         "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
         std::string(1024, 'a') +
         "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
}

constexpr const char* kPublishedSeed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";

struct Outcome {
  std::string fault = "ok";
  std::string payload;
  std::string trailers;
};

Outcome decode(AwsChunkedDecoder decoder, std::string_view body, std::size_t piece = 1 << 20) {
  Outcome outcome;
  sigv4::Result<void> result;
  for (; result && !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    rt::Slices payload;
    result = decoder.feed(rt::Slice::copy_of(body.substr(0, piece)), payload);
    for (const rt::Slice& slice : payload) outcome.payload += slice.text();
  }
  if (result) result = decoder.finish();
  if (!result) outcome.fault = sigv4::code_of(result.error().fault);
  for (std::size_t i = 0; i < decoder.trailers().size(); ++i) {
    outcome.trailers += std::string(decoder.trailers()[i].name) + "=" + std::string(decoder.trailers()[i].value) + ";";
  }
  return outcome;
}

Outcome decode_signed(std::string_view body, std::size_t piece = 1 << 20) {
  return decode(AwsChunkedDecoder(chain_of(kPublishedSeed), false), body, piece);
}

Outcome decode_unsigned(std::string_view body, std::size_t piece = 1 << 20) {
  return decode(AwsChunkedDecoder(std::nullopt, true), body, piece);
}

TEST(AwsChunked, verifies_the_published_example_however_it_is_split) {
  for (const std::size_t piece : {1, 7, 85, 1000, 65536, 1 << 20}) {
    const Outcome outcome = decode_signed(published_body(), piece);
    EXPECT_EQ(outcome.fault, "ok") << piece;
    EXPECT_EQ(outcome.payload, std::string(66560, 'a'));
  }
}

// The published example of a signed trailer: the same payload with a CRC32C behind it.
TEST(AwsChunked, verifies_the_published_trailer) {
  const std::string body =
      "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
      std::string(65536, 'a') +
      "\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
      std::string(1024, 'a') +
      "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
      "x-amz-checksum-crc32c:sOO8/Q==\r\n"
      "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
  const auto decoder = [] {
    return AwsChunkedDecoder(chain_of("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"), true);
  };
  EXPECT_EQ(decode(decoder(), body).fault, "ok");
  EXPECT_EQ(decode(decoder(), body, 1).trailers, "x-amz-checksum-crc32c=sOO8/Q==;");
  std::string forged = body;
  forged.replace(forged.find("sOO8"), 4, "sOO9");
  EXPECT_EQ(decode(decoder(), forged).fault, "SignatureDoesNotMatch");
  const std::string unsigned_trailer = body.substr(0, body.find("x-amz-trailer")) + "\r\n";
  EXPECT_NE(decode(decoder(), unsigned_trailer).fault, "ok");
}

TEST(AwsChunked, refuses_what_was_not_signed) {
  std::string body = published_body();
  body[100] = 'b';
  EXPECT_EQ(decode_signed(body).fault, "SignatureDoesNotMatch");
  body = published_body();
  body.replace(body.find("ad80"), 4, "ad81");
  EXPECT_EQ(decode_signed(body).fault, "SignatureDoesNotMatch");
  const std::string first = published_body().substr(0, published_body().find("400;"));
  const std::string end = "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
  EXPECT_EQ(decode_signed(first + end).fault, "SignatureDoesNotMatch");
  EXPECT_EQ(decode_signed("3\r\nabc\r\n0\r\n\r\n").fault, "IncompleteBody");
}

TEST(AwsChunked, takes_off_unsigned_framing) {
  const Outcome outcome = decode_unsigned("5\r\nhello\r\n1\r\n!\r\n0\r\nX-Amz-Checksum-Crc32: abc=\r\n\r\n", 3);
  EXPECT_EQ(outcome.fault, "ok");
  EXPECT_EQ(outcome.payload, "hello!");
  EXPECT_EQ(outcome.trailers, "x-amz-checksum-crc32=abc=;");
  EXPECT_EQ(decode_unsigned("0\r\n\r\n").payload, "");
}

TEST(AwsChunked, refuses_broken_framing) {
  const std::string long_line(2000, '0');
  std::string many = "0\r\n";
  for (int i = 0; i < 17; ++i) many += "a:b\r\n";
  for (const std::string& body :
       {std::string(), std::string("5\r\nhel"), std::string("5\r\nhello"), std::string("5\r\nhello!\r\n0\r\n\r\n"),
        std::string("5\r\nhello\r\n"), std::string("0\r\n"), std::string("0\r\n\r\nmore"), std::string("\r\n"),
        std::string("-1\r\n"), std::string("g\r\n"), std::string("0x5\r\nhello\r\n0\r\n\r\n"),
        std::string("ffffffffffffffff\r\n"), std::string("5\nhello\r\n0\r\n\r\n"), std::string("0\r\nnocolon\r\n\r\n"),
        std::string("0\r\n: b\r\n\r\n"), long_line, many + "\r\n"}) {
    EXPECT_EQ(decode_unsigned(body).fault, "IncompleteBody") << body.substr(0, 40);
    EXPECT_EQ(decode_unsigned(body, 1).fault, "IncompleteBody") << body.substr(0, 40);
  }
}

TEST(AwsChunked, copies_no_payload) {
  AwsChunkedDecoder decoder(std::nullopt, true);
  const rt::Slice input = rt::Slice::copy_of(std::string_view("5\r\nhello\r\n0\r\n\r\n"));
  rt::Slices payload;
  ASSERT_TRUE(decoder.feed(input, payload));
  ASSERT_EQ(payload.size(), 1U);
  EXPECT_EQ(payload[0].data(), input.data() + 3);
}

}  // namespace
}  // namespace millrace::http
