#include "media/uploads/upload_keys.h"

#include "media/buckets/bucket.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;

class UploadKeysTest : public World {
 protected:
  UploadKeysTest() { principal = *tenants->authenticate(admin.bearer); }

  UploadKey key_for(const Upload& upload) const { return tenants->upload_key(principal, upload.id); }
  UploadAccess access_to(const Upload& upload) const {
    const UploadKey key = key_for(upload);
    return *tenants->upload_access(key.access_key_id, key.session_token);
  }
  rt::Result<void> check(const Upload& upload, UploadAction action, std::string bucket, std::string key) {
    return rt::run_until_done(
        check_upload_access(*uploads, access_to(upload), action, std::move(bucket), std::move(key)));
  }

  Principal principal;
};

TEST_F(UploadKeysTest, lead_to_the_secret_the_tenant_and_the_upload) {
  const Upload upload = announce();
  const UploadKey key = key_for(upload);
  const UploadAccess access = *tenants->upload_access(key.access_key_id, key.session_token);
  EXPECT_EQ(access.secret, key.secret_access_key);
  EXPECT_EQ(access.principal.tenant, "default");
  EXPECT_EQ(access.principal.key_id, admin.key.id);
  EXPECT_TRUE(access.principal.may(Scope::kUploads));
  EXPECT_FALSE(access.principal.may(Scope::kAdmin));
  EXPECT_EQ(access.upload_id, upload.id);
  EXPECT_EQ(key_for(upload).session_token, key.session_token) << "asking again gives the same";
  EXPECT_NE(key_for(announce()).access_key_id, key.access_key_id);
  EXPECT_FALSE(tenants->access_key(key.access_key_id)) << "useless without its token";
}

TEST_F(UploadKeysTest, tampered_and_swapped_ones_are_refused) {
  const UploadKey one = key_for(announce());
  const UploadKey two = key_for(announce());
  const auto refused = [&](std::string_view id, std::string_view token) {
    return tenants->upload_access(id, token).error().code == Code::kUnauthenticated;
  };
  EXPECT_TRUE(refused(one.access_key_id, two.session_token));
  EXPECT_TRUE(refused(one.access_key_id, ""));
  EXPECT_TRUE(refused("", one.session_token));
  EXPECT_TRUE(refused(one.access_key_id, one.session_token + "x"));
  EXPECT_TRUE(refused(one.access_key_id, std::string(5000, 'x')));
  for (std::size_t i = 0; i < one.session_token.size(); i += 7) {
    std::string changed = one.session_token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(refused(one.access_key_id, changed)) << i;
  }
  const Token token = *tenants->issue_token(admin.key.id, admin.bearer);
  EXPECT_TRUE(refused(one.access_key_id, token.bearer)) << "a token of another kind";
}

TEST_F(UploadKeysTest, end_with_the_api_key) {
  const NewKey made = good(tenants->create_key("default", "phone", static_cast<Scopes>(Scope::kUploads)));
  const UploadKey key = tenants->upload_key(*tenants->authenticate(made.bearer), announce().id);
  EXPECT_TRUE(tenants->upload_access(key.access_key_id, key.session_token));
  good(tenants->revoke_key("default", made.key.id));
  EXPECT_EQ(tenants->upload_access(key.access_key_id, key.session_token).error().code, Code::kUnauthenticated);
}

TEST_F(UploadKeysTest, are_good_for_one_key_and_the_steps_of_an_upload) {
  const Upload upload = announce();
  const Upload other = announce();
  const std::string key = upload_object_key(upload);
  using enum UploadAction;
  for (const auto action :
       {kCreateMultipart, kPutPart, kPutObject, kListParts, kCompleteMultipart, kAbortMultipart, kListMultiparts}) {
    EXPECT_TRUE(check(upload, action, "uploads", key));
    EXPECT_FALSE(check(upload, action, "uploads", upload_object_key(other)));
    EXPECT_FALSE(check(upload, action, "uploads", upload.id + "/other.mp4"));
    EXPECT_FALSE(check(upload, action, "another", key));
  }
  EXPECT_EQ(check(upload, kOther, "uploads", key).error().code, Code::kForbidden);
}

TEST_F(UploadKeysTest, last_as_long_as_the_upload_is_open) {
  const Upload upload = announce();
  const std::string key = upload_object_key(upload);
  EXPECT_TRUE(check(upload, UploadAction::kPutPart, "uploads", key));
  good(uploads->cancel("default", upload.id));
  EXPECT_EQ(check(upload, UploadAction::kPutPart, "uploads", key).error().code, Code::kGone);
}

TEST_F(UploadKeysTest, every_file_name_gives_a_key) {
  const auto key = [](std::string name) {
    Upload upload;
    upload.id = "ID";
    upload.file_name = std::move(name);
    return upload_object_key(upload);
  };
  EXPECT_EQ(key("clip.mp4"), "ID/clip.mp4");
  EXPECT_EQ(key("日本.mov"), "ID/日本.mov");
  EXPECT_EQ(key("../a\\b"), "ID/.._a_b");
  EXPECT_EQ(key(".."), "ID/_");
  EXPECT_EQ(key("\xff!"), "ID/_!");
  std::string wide = "x";
  while (wide.size() < 1024) wide += "ü";
  EXPECT_TRUE(check_object_key(key(wide)));
  EXPECT_TRUE(check_object_key(key(std::string(2000, 'y'))));
}

TEST_F(UploadKeysTest, suggested_parts_suffice) {
  constexpr std::uint64_t kMiB = 1 << 20;
  EXPECT_EQ(part_bytes_for({}), 8 * kMiB);
  EXPECT_EQ(part_bytes_for(80'000 * kMiB), 8 * kMiB);
  EXPECT_EQ(part_bytes_for(80'000 * kMiB + 1), 9 * kMiB);
  EXPECT_GE(part_bytes_for(5ull << 40) * 10'000, 5ull << 40);
}

TEST_F(UploadKeysTest, stay_good_while_a_part_arrives) {
  const Upload upload = announce();
  const std::string key = upload_object_key(upload);
  const MultipartRef ref =
      good(multiparts->create({.tenant = "default", .bucket = std::string(kUploadsBucket), .key = key})).ref;
  const Intake intake = good(multiparts->begin_part(ref, 1, {}));
  test_now_ms += 2 * kDayMs;
  EXPECT_EQ(good(uploads->sweep()), 0u);
  EXPECT_TRUE(check(upload, UploadAction::kPutPart, std::string(kUploadsBucket), key));
}

}  // namespace
}  // namespace millrace::media
