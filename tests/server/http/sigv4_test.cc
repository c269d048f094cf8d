// Checked against the published examples of the S3 documentation and against requests signed by boto3 1.43.
#include "server/http/sigv4.h"

#include <gtest/gtest.h>

namespace millrace::http::sigv4 {
namespace {

constexpr std::string_view kAwsSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::int64_t kAwsTime = 1369353600;  // 20130524T000000Z
constexpr std::string_view kBotoSecret = "secret/Key+1";
constexpr std::int64_t kBotoTime = 1709210096;  // 20240229T123456Z

Request request_of(std::string method, std::string target, std::string host,
                   std::initializer_list<std::pair<const char*, const char*>> fields = {}) {
  Request request;
  request.method = method_of(method);
  request.method_text = std::move(method);
  request.target = std::move(target);
  request.authority = std::move(host);
  for (const auto& [name, value] : fields) request.fields.add(name, value);
  return request;
}

// "ok", or the S3 code and message of what is wrong.
std::string check(const Request& request, std::string_view secret, std::int64_t now) {
  const auto signature = read_signature(request);
  const auto describe = [](const Failure& failure) {
    return std::string(code_of(failure.fault)) + ": " + failure.message;
  };
  if (!signature) return describe(signature.error());
  const auto verified = verify(request, *signature, secret, now);
  return verified ? "ok" : describe(verified.error());
}

Request aws_get() {
  return request_of("GET", "/test.txt", "examplebucket.s3.amazonaws.com",
                    {{"range", "bytes=0-9"},
                     {"x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                     {"x-amz-date", "20130524T000000Z"},
                     {"authorization",
                      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                      "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"}});
}

std::string aws_presigned_query() {
  return "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
         "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
         "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
}

Request aws_presigned() {
  return request_of("GET", "/test.txt?" + aws_presigned_query(), "examplebucket.s3.amazonaws.com");
}

TEST(SigV4, verifies_the_published_examples) {
  EXPECT_EQ(check(aws_get(), kAwsSecret, kAwsTime), "ok");
  EXPECT_EQ(check(aws_presigned(), kAwsSecret, kAwsTime + 86400), "ok");
  const Request put =
      request_of("PUT", "/test%24file.text", "examplebucket.s3.amazonaws.com",
                 {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                  {"x-amz-date", "20130524T000000Z"},
                  {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                  {"x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"},
                  {"authorization",
                   "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                   "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
                   "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"}});
  EXPECT_EQ(check(put, kAwsSecret, kAwsTime), "ok");
  const Request lifecycle =
      request_of("GET", "/?lifecycle", "examplebucket.s3.amazonaws.com",
                 {{"x-amz-date", "20130524T000000Z"},
                  {"x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                  {"authorization",
                   "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                   "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                   "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"}});
  EXPECT_EQ(check(lifecycle, kAwsSecret, kAwsTime), "ok");
}

TEST(SigV4, verifies_what_boto3_signs) {
  const Request put = request_of(
      "PUT",
      "/uploads/a%20b/"
      "%C3%BC%2Bc~%281%29%2A.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20240229%2F"
      "eu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20240229T123456Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&"
      "X-Amz-Signature=eb28d922aee9dacc07982130bc3dc749700e7b2510b561d994933f72daa393ff",
      "127.0.0.1:8080");
  EXPECT_EQ(check(put, kBotoSecret, kBotoTime), "ok");
  const Request get = request_of(
      "GET",
      "/uploads/x?response-content-type=video%2Fmp4%3B%20q&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
      "AKIAEXAMPLE%2F20240229%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20240229T123456Z&X-Amz-Expires=3600&"
      "X-Amz-SignedHeaders=host&X-Amz-Security-Token=tok%2Fen%2B%3D&X-Amz-Signature="
      "0aff987f294a169e1c03ed6d109f0563daf8aad49dffd9e36e88ec3bcd7386eb",
      "127.0.0.1:8080");
  EXPECT_EQ(check(get, kBotoSecret, kBotoTime), "ok");
  EXPECT_EQ(read_signature(get)->session_token, "tok/en+=");
  const Request part =
      request_of("PUT", "/uploads/a%20b?partNumber=1&uploadId=x%2Fy&flag", "127.0.0.1:8080",
                 {{"content-type", "video/mp4"},
                  {"x-amz-meta-note", "  two   words "},
                  {"x-amz-date", "20240229T123456Z"},
                  {"x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                  {"authorization",
                   "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20240229/eu-central-1/s3/aws4_request, "
                   "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-note, "
                   "Signature=5d87acafc4a2c7cd60fb5bea5b1cf51c0fa514538f585210ce41b89d2c810742"}});
  EXPECT_EQ(check(part, kBotoSecret, kBotoTime), "ok");
}

TEST(SigV4, verifies_what_the_sdk_for_javascript_signs_over_http2) {
  const Request list =
      request_of("GET", "/uploads/?list-type=2", "127.0.0.1:8080",
                 {{"x-amz-user-agent", "aws-sdk-js/3.1168.0"},
                  {"amz-sdk-invocation-id", "808e9c49-5863-4079-96a8-7efcf65269d3"},
                  {"amz-sdk-request", "attempt=1; max=1"},
                  {"x-amz-date", "20240229T123456Z"},
                  {"x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                  {"authorization",
                   "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20240229/eu-central-1/s3/aws4_request, "
                   "SignedHeaders=:authority;amz-sdk-invocation-id;amz-sdk-request;x-amz-content-sha256;x-amz-date;"
                   "x-amz-user-agent, "
                   "Signature=0ad4f7e0d0432d2eafcdef528ccb09f9808f05d2dd838d907fb41a33eea8f1cd"}});
  EXPECT_EQ(check(list, kBotoSecret, kBotoTime), "ok");
  Request elsewhere = list;
  elsewhere.authority = "127.0.0.1:8081";
  EXPECT_TRUE(check(elsewhere, kBotoSecret, kBotoTime).starts_with("SignatureDoesNotMatch"));
}

TEST(SigV4, presigns_like_the_published_example) {
  const std::string url = presign({.method = "GET",
                                   .origin = "https://examplebucket.s3.amazonaws.com",
                                   .path = "/test.txt",
                                   .access_key = "AKIAIOSFODNN7EXAMPLE",
                                   .secret_key = kAwsSecret,
                                   .expires_seconds = 86400,
                                   .now_seconds = kAwsTime});
  EXPECT_EQ(url, "https://examplebucket.s3.amazonaws.com/test.txt?" + aws_presigned_query());
}

TEST(SigV4, one_presigner_makes_many_urls) {
  PresignOptions options{.method = "PUT",
                         .origin = "https://media.example",
                         .path = "/b/k",
                         .access_key = "AK",
                         .secret_key = "SK",
                         .now_seconds = kBotoTime};
  const Presigner presigner(options);
  for (const char* number : {"1", "2", "10000"}) {
    options.query = {{"partNumber", number}};
    EXPECT_EQ(presigner.url(options.query), presign(options));
  }
}

TEST(SigV4, verifies_its_own_urls) {
  const std::string url = presign({.method = "PUT",
                                   .origin = "http://127.0.0.1:8080",
                                   .path = "/uploads/ü (1)&+%.mp4",
                                   .access_key = "AK",
                                   .secret_key = "SK",
                                   .region = "r",
                                   .expires_seconds = 60,
                                   .now_seconds = kBotoTime,
                                   .query = {{"z", "a b"}, {"A", "&"}},
                                   .session_token = "t/o=k"});
  const Request request = request_of("PUT", url.substr(21), "127.0.0.1:8080");
  EXPECT_EQ(check(request, "SK", kBotoTime + 60), "ok");
  EXPECT_EQ(check(request, "SX", kBotoTime).substr(0, 21), "SignatureDoesNotMatch");
  Request get = request;
  get.method_text = "GET";
  EXPECT_EQ(check(get, "SK", kBotoTime).substr(0, 21), "SignatureDoesNotMatch");
  Request other = request;
  other.target.insert(9, "x");
  EXPECT_EQ(check(other, "SK", kBotoTime).substr(0, 21), "SignatureDoesNotMatch");
  Request more = request;
  more.target += "&partNumber=2";
  EXPECT_EQ(check(more, "SK", kBotoTime).substr(0, 21), "SignatureDoesNotMatch");
}

TEST(SigV4, holds_the_time_window) {
  EXPECT_EQ(check(aws_presigned(), kAwsSecret, kAwsTime + 86401), "AccessDenied: Request has expired");
  EXPECT_EQ(check(aws_presigned(), kAwsSecret, kAwsTime - 901), "AccessDenied: Request is not yet valid");
  EXPECT_EQ(check(aws_presigned(), kAwsSecret, kAwsTime - 899), "ok");
  EXPECT_EQ(check(aws_get(), kAwsSecret, kAwsTime + 900), "ok");
  EXPECT_EQ(check(aws_get(), kAwsSecret, kAwsTime + 901).substr(0, 20), "RequestTimeTooSkewed");
  EXPECT_EQ(check(aws_get(), kAwsSecret, kAwsTime - 901).substr(0, 20), "RequestTimeTooSkewed");
}

TEST(SigV4, wants_amz_fields_signed) {
  Request request = aws_get();
  request.fields.add("x-amz-acl", "public-read");
  EXPECT_EQ(check(request, kAwsSecret, kAwsTime).substr(0, 12), "AccessDenied");
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(SigV4, names_what_is_malformed) {
  const auto query = [](std::string_view from, std::string_view to) {
    const std::string changed = replaced(aws_presigned_query(), from, to);
    return check(request_of("GET", "/test.txt?" + changed, "examplebucket.s3.amazonaws.com"), kAwsSecret, kAwsTime);
  };
  const std::string bad = "AuthorizationQueryParametersError";
  EXPECT_EQ(query("X-Amz-Date", "X-Amz-Dote").substr(0, 33), bad);
  EXPECT_EQ(query("=86400", "=604801").substr(0, 33), bad);
  EXPECT_EQ(query("=86400", "=-1").substr(0, 33), bad);
  EXPECT_EQ(query("=86400", "=0").substr(0, 33), bad);
  EXPECT_EQ(query("=host", "=date").substr(0, 33), bad);
  EXPECT_EQ(query("HMAC-SHA256", "HMAC-SHA1").substr(0, 33), bad);
  EXPECT_EQ(query("20130524T", "20130532T").substr(0, 33), bad);
  EXPECT_EQ(query("20130524%2F", "20130523%2F").substr(0, 33), bad);
  EXPECT_EQ(query("aws4_request", "aws5_request").substr(0, 33), bad);
  EXPECT_EQ(query("=86400", "=%").substr(0, 33), bad);
  EXPECT_EQ(query("=aeeed", "=AEEED").substr(0, 21), "SignatureDoesNotMatch");

  const auto field = [](std::string_view from, std::string_view to) {
    Request request = aws_get();
    const std::string changed = replaced(std::string(*request.fields.get("authorization")), from, to);
    request.fields.set("authorization", changed);
    return check(request, kAwsSecret, kAwsTime).substr(0, 28);
  };
  EXPECT_EQ(field("Credential=", "Credentials="), "AuthorizationHeaderMalformed");
  EXPECT_EQ(field("host;range", "range;host"), "AuthorizationHeaderMalformed");
  EXPECT_EQ(field("=f0e8", "="), "AuthorizationHeaderMalformed");
  EXPECT_EQ(field("20130524/", "20130523/"), "AuthorizationHeaderMalformed");

  Request no_hash = aws_get();
  no_hash.fields.remove("x-amz-content-sha256");
  EXPECT_EQ(check(no_hash, kAwsSecret, kAwsTime).substr(0, 21), "MissingSecurityHeader");
  Request no_date = aws_get();
  no_date.fields.remove("x-amz-date");
  EXPECT_EQ(check(no_date, kAwsSecret, kAwsTime).substr(0, 12), "AccessDenied");
  Request both = aws_get();
  both.target += "?" + aws_presigned_query();
  EXPECT_EQ(check(both, kAwsSecret, kAwsTime), "AuthorizationQueryParametersError: Only one auth mechanism allowed");
}

TEST(SigV4, tells_signed_requests_apart) {
  EXPECT_TRUE(is_signed(aws_get()));
  EXPECT_TRUE(is_signed(aws_presigned()));
  EXPECT_FALSE(is_signed(request_of("GET", "/x?a=X-Amz-Signature", "h", {{"authorization", "Bearer sk-1"}})));
}

TEST(SigV4, knows_version_2_when_it_sees_it) {
  EXPECT_TRUE(is_signed_by_version_2(request_of("GET", "/b/k", "h", {{"authorization", "AWS AK:c2ln"}})));
  EXPECT_TRUE(is_signed_by_version_2(request_of("GET", "/b/k?AWSAccessKeyId=AK&Signature=s&Expires=1", "h")));
  EXPECT_FALSE(is_signed_by_version_2(aws_get()));
  EXPECT_FALSE(is_signed_by_version_2(aws_presigned()));
}

TEST(SigV4, maps_faults_to_status) {
  EXPECT_EQ(status_of(Fault::kAccessDenied), 403);
  EXPECT_EQ(status_of(Fault::kInvalidAccessKeyId), 403);
  EXPECT_EQ(status_of(Fault::kAuthorizationQueryParametersError), 400);
}

}  // namespace
}  // namespace millrace::http::sigv4
