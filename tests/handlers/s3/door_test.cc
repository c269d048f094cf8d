// The S3 door as a signing client sees it: who gets in, to what, and how it says no.
#include <algorithm>
#include <functional>
#include <thread>

#include "server/http/date.h"
#include "server/http/sigv4.h"
#include "tests/handlers/s3/s3_door.h"

namespace millrace::handlers {
namespace {

using s3::Key;
using s3::signed_by;
using Fields = std::vector<std::pair<std::string, std::string>>;

TEST_F(S3Door, keeps_an_object) {
  EXPECT_EQ(send("PUT", "/bucket").status, 200);
  const Reply put = send("PUT", "/bucket/a%20b", "hello", {{"content-type", "text/x"}});
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_NE(put.field("etag").find('-'), std::string::npos);
  const Reply got = send("GET", "/bucket/a%20b");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "hello");
  EXPECT_EQ(got.field("content-type"), "text/x");
  EXPECT_EQ(got.field("x-amz-request-id"), "made-here");
  const Reply part = send("GET", "/bucket/a%20b", "", {{"range", "bytes=1-2"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "el");
  EXPECT_EQ(send("DELETE", "/bucket/a%20b").status, 204);
  EXPECT_EQ(code(send("GET", "/bucket/a%20b")), "NoSuchKey");
}

TEST_F(S3Door, says_no_in_xml) {
  const Reply reply = send("GET", "/nobody/has");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(code(reply), "NoSuchBucket");
  EXPECT_EQ(reply.field("content-type"), "application/xml");
  const Reply head = send("HEAD", "/nobody");
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.content_length, 0U);
}

TEST_F(S3Door, lets_only_good_signatures_in) {
  const auto refused = [&](const Key& wrong, std::int64_t now_ms) {
    return code(house.ask(signed_by(wrong, {.target = "/"}, now_ms)));
  };
  const std::int64_t now = media::system_clock_ms();
  EXPECT_EQ(refused({"AKNOBODY", key.secret}, now), "InvalidAccessKeyId");
  EXPECT_EQ(refused({key.id, "x"}, now), "SignatureDoesNotMatch");
  EXPECT_EQ(refused({key.id, key.secret, "no-token-of-ours"}, now), "InvalidToken");
  EXPECT_EQ(refused(key, now - 3'600'000), "RequestTimeTooSkewed");
  Ask replayed = signed_by(key, {.target = "/bucket"});
  replayed.target = "/other";
  EXPECT_EQ(code(house.ask(replayed)), "SignatureDoesNotMatch");
}

TEST_F(S3Door, stores_nothing_that_is_not_what_was_signed) {
  send("PUT", "/bucket");
  const std::string other = http::hex(http::sha256(http::bytes_of("other")));
  const Ask ask =
      signed_by(key, {.method = "PUT", .target = "/bucket/k", .body = "hello"}, media::system_clock_ms(), other);
  EXPECT_EQ(code(house.ask(ask)), "XAmzContentSHA256Mismatch");
  EXPECT_EQ(code(send("PUT", "/bucket/k", "hello", {{"x-amz-checksum-crc32", "AAAAAA=="}})), "BadDigest");
  Ask broken = signed_by(key, {.method = "PUT", .target = "/bucket/k", .body = "hello"});
  broken.breaks = true;
  EXPECT_EQ(house.ask(broken).status, 400);
  EXPECT_EQ(send("HEAD", "/bucket/k").status, 404);
}

TEST_F(S3Door, body_that_was_cut_is_activity) {
  const Reply created = house.call("POST", "/v2/uploads", R"({"fileName": "clip.mp4"})");
  const std::string path = "/uploads/" + created.at("data.input.key");
  const Reply begun = send("POST", path + "?uploads");
  const std::string id = http::Xml::parse(begun.body, "InitiateMultipartUploadResult")->text("UploadId").value_or("");
  auto& bodies = house.uploads->incoming().bodies;
  EXPECT_EQ(send("PUT", path + "?partNumber=1&uploadId=" + id, "hello").status, 200);
  EXPECT_EQ(bodies.size(), 0U) << "it is committed";
  for (const std::string& target : {path + "?partNumber=2&uploadId=" + id, path}) {
    Ask broken = signed_by(key, {.method = "PUT", .target = target, .body = "hello"});
    broken.breaks = true;
    EXPECT_EQ(house.ask(broken).status, 400);
  }
  EXPECT_EQ(bodies.size(), 2U) << "of the multipart upload and of the upload";
}

TEST_F(S3Door, object_that_is_replaced_while_it_is_read_is_there) {
  send("PUT", "/bucket");
  const auto replace_while_read = [&](const std::string& content) {
    house.store.before_read(
        [this, content] { std::thread([&] { EXPECT_EQ(send("PUT", "/bucket/k", content).status, 200); }).join(); });
  };
  send("PUT", "/bucket/k", "old");
  replace_while_read("newer");
  const Reply got = send("GET", "/bucket/k");
  EXPECT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(got.body, "newer");
  EXPECT_EQ(got.field("etag"), send("HEAD", "/bucket/k").field("etag"));

  replace_while_read("newest");
  EXPECT_EQ(send("PUT", "/bucket/copy", "", {{"x-amz-copy-source", "/bucket/k"}}).status, 200);
  EXPECT_EQ(send("GET", "/bucket/copy").body, "newest");

  const Reply begun = send("POST", "/bucket/joined?uploads");
  const std::string id = http::Xml::parse(begun.body, "InitiateMultipartUploadResult")->text("UploadId").value_or("");
  replace_while_read("last");
  const std::string part = "/bucket/joined?partNumber=1&uploadId=" + id;
  EXPECT_EQ(send("PUT", part, "", {{"x-amz-copy-source", "/bucket/k"}}).status, 200);

  house.store.before_read([this] { std::thread([&] { send("DELETE", "/bucket/k"); }).join(); });
  EXPECT_EQ(code(send("GET", "/bucket/k")), "NoSuchKey");
}

TEST_F(S3Door, object_that_is_always_replaced_is_not_called_missing) {
  send("PUT", "/bucket");
  send("PUT", "/bucket/k", "old");
  std::function<void()> replace = [&] {
    std::thread([&] { send("PUT", "/bucket/k", "new"); }).join();
    house.store.before_read(replace);
  };
  house.store.before_read(replace);
  const Reply got = send("GET", "/bucket/k");
  EXPECT_EQ(code(got), "ServiceUnavailable");
  EXPECT_EQ(got.body.find("there is no object"), std::string::npos) << got.body;
}

TEST_F(S3Door, refuses_what_it_does_not_offer) {
  send("PUT", "/bucket");
  for (const char* target : {"/bucket?policy", "/bucket?lifecycle", "/bucket?cors", "/bucket?encryption"}) {
    const Reply reply = send("GET", target);
    EXPECT_EQ(reply.status, 501) << target;
    EXPECT_EQ(code(reply), "NotImplemented");
  }
  EXPECT_EQ(code(send("PUT", "/bucket/k?retention", "x")), "NotImplemented");
  EXPECT_EQ(code(send("PUT", "/bucket/k", "x", {{"x-amz-server-side-encryption", "AES256"}})), "NotImplemented");
  EXPECT_EQ(code(send("PUT", "/bucket/k", "x", {{"x-amz-acl", "public-read"}})), "NotImplemented");
  EXPECT_EQ(code(send("PATCH", "/bucket/k", "x")), "MethodNotAllowed");
  EXPECT_EQ(send("HEAD", "/bucket/k").status, 404);
}

TEST_F(S3Door, refuses_bombs_and_nonsense) {
  send("PUT", "/bucket");
  EXPECT_EQ(code(send("POST", "/bucket?delete", "<!DOCTYPE d [<!ENTITY a \"a\">]><Delete/>")), "MalformedXML");
  EXPECT_EQ(code(send("POST", "/bucket?delete", "<Delete></Delete>")), "MalformedXML");
  EXPECT_EQ(code(send("POST", "/bucket?delete", "nonsense")), "MalformedXML");
  EXPECT_EQ(code(send("GET", "/bucket?max-keys=x")), "InvalidArgument");
  EXPECT_EQ(code(send("GET", "/bucket?list-type=2&continuation-token=zz")), "InvalidArgument");
  EXPECT_EQ(code(send("GET", "/bucket?encoding-type=latin1")), "InvalidArgument");
  std::string parts = "<CompleteMultipartUpload>";
  for (int i = 0; i < 10'001; ++i) parts += "<Part><PartNumber>1</PartNumber><ETag>a</ETag></Part>";
  EXPECT_EQ(code(send("POST", "/bucket/k?uploadId=u", parts + "</CompleteMultipartUpload>")), "MalformedXML");
}

TEST_F(S3Door, wants_a_scope) {
  const auto made = rt::run_until_done(house.tenants->create_key(house.admin.key.tenant, "reader",
                                                                 static_cast<media::Scopes>(media::Scope::kDownloads)));
  ASSERT_TRUE(made);
  const Key reader{made->key.access_key_id, made->secret_access_key};
  EXPECT_EQ(house.ask(signed_by(reader, {.target = "/"})).status, 200);
  EXPECT_EQ(code(house.ask(signed_by(reader, {.method = "PUT", .target = "/bucket"}))), "AccessDenied");
}

TEST_F(S3Door, hides_what_another_tenant_has) {
  send("PUT", "/bucket");
  send("PUT", "/bucket/k", "secret");
  ASSERT_TRUE(rt::run_until_done(house.tenants->create("other", "Other")));
  const auto made = rt::run_until_done(house.tenants->create_key("other", "theirs", media::kAllScopes));
  ASSERT_TRUE(made);
  const Key theirs{made->key.access_key_id, made->secret_access_key};
  EXPECT_EQ(code(house.ask(signed_by(theirs, {.target = "/bucket/k"}))), "NoSuchBucket");
  EXPECT_EQ(house.ask(signed_by(theirs, {.target = "/"})).body.find("<Name>bucket"), std::string::npos);
}

TEST_F(S3Door, leaves_the_presigned_address_of_an_upload_alone) {
  const auto [id, address] = house.new_put();
  EXPECT_EQ(house.ask({.method = "PUT", .target = address, .body = "bytes"}).status, 200);
  EXPECT_EQ(house.call("POST", "/v2/uploads/" + id + "/complete").status, 200);
}

TEST_F(S3Door, confines_temporary_credentials) {
  const Reply made = house.call("POST", "/v2/uploads", R"({"fileName":"clip.mp4","type":"multipart"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const Key own{made.at("data.input.accessKeyId"), made.at("data.input.secretAccessKey"),
                made.at("data.input.sessionToken")};
  const std::string target = "/uploads/" + made.at("data.input.key");
  EXPECT_EQ(code(house.ask(signed_by(own, {.target = "/"}))), "AccessDenied");
  EXPECT_EQ(code(house.ask(signed_by(own, {.method = "PUT", .target = "/uploads/other/x", .body = "x"}))),
            "AccessDenied");
  EXPECT_EQ(code(house.ask(signed_by(own, {.target = target}))), "AccessDenied");
  EXPECT_EQ(code(house.ask(signed_by({own.id, own.secret}, {.target = "/"}))), "InvalidAccessKeyId");
  const std::string open = "/uploads?uploads&prefix=";
  EXPECT_EQ(house.ask(signed_by(own, {.target = open + http::percent_encode(made.at("data.input.key"))})).status, 200);
  EXPECT_EQ(code(house.ask(signed_by(own, {.target = "/uploads?uploads"}))), "AccessDenied");
  EXPECT_EQ(code(house.ask(signed_by(own, {.target = open + made.at("data.id")}))), "AccessDenied");
  EXPECT_EQ(house.ask(signed_by(own, {.method = "PUT", .target = target, .body = "bytes"})).status, 200);
  const Reply done = house.call("POST", "/v2/uploads/" + made.at("data.id") + "/complete");
  EXPECT_EQ(done.at("data.state"), "completed") << done.body;
}

}  // namespace
}  // namespace millrace::handlers
