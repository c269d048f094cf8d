#include "media/uploads/upload_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "media/buckets/bucket.h"
#include "media/tenants/signed_text.h"
#include "media/uploads/uploads.h"
#include "server/http/crypto.h"

namespace millrace::media {
namespace {

using http::bytes_of;

constexpr std::string_view kPurpose = "upload-session";
constexpr std::string_view kAccessKeyPrefix = "MU";
constexpr std::size_t kAccessKeyChars = 20;
constexpr std::size_t kSessionTokenMaxChars = 1024;
constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kSuggestedPartMinBytes = 8 * kMiB;
constexpr std::uint64_t kSuggestedPartsMax = 10'000;

std::string payload_of(const UploadKeyContent& content) {
  return fmt::format("{} {} {}", content.tenant, content.key_id, content.upload_id);
}

std::string access_key_id_of(const ServerSecret& secret, std::string_view payload) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id(kAccessKeyPrefix);
  for (std::byte byte : http::hmac_sha256(secret, bytes_of(fmt::format("upload-key-id:{}", payload)))) {
    if (id.size() == kAccessKeyChars) break;
    id += kAlphabet[std::to_integer<std::size_t>(byte) % kAlphabet.size()];
  }
  return id;
}

std::string secret_of(const ServerSecret& secret, std::string_view payload) {
  return http::base64(http::hmac_sha256(secret, bytes_of(fmt::format("upload-key:{}", payload))));
}

std::optional<UploadKeyContent> parse(std::string_view payload) {
  const auto first = payload.find(' ');
  const auto second = payload.find(' ', first + 1);
  if (first == payload.npos || second == payload.npos) return std::nullopt;
  return UploadKeyContent{.tenant = std::string(payload.substr(0, first)),
                          .key_id = std::string(payload.substr(first + 1, second - first - 1)),
                          .upload_id = std::string(payload.substr(second + 1))};
}

// Keys are UTF-8 and clients tidy paths: what either would change in a name is replaced.
std::string fit_for_a_key(std::string_view file_name, std::size_t bytes_max) {
  std::string fit(file_name.substr(0, bytes_max));
  std::ranges::replace_if(fit, [](char c) { return c == '/' || c == '\\'; }, '_');
  // A cut may have gone through a character of up to four bytes.
  for (int i = 0; i < 3 && file_name.size() > bytes_max && !check_object_key(fit); ++i) fit.pop_back();
  if (!check_object_key(fit)) std::ranges::replace_if(fit, [](char c) { return (c & 0x80) != 0; }, '_');
  return fit == "." || fit == ".." ? "_" : fit;
}

}  // namespace

UploadKey make_upload_key(const ServerSecret& secret, const UploadKeyContent& content) {
  const std::string payload = payload_of(content);
  return {.access_key_id = access_key_id_of(secret, payload),
          .secret_access_key = secret_of(secret, payload),
          .session_token = sign_text(secret, kPurpose, payload)};
}

std::optional<UploadKeyContent> read_session_token(const ServerSecret& secret, std::string_view access_key_id,
                                                   std::string_view session_token) {
  if (session_token.size() > kSessionTokenMaxChars) return std::nullopt;
  const auto payload = read_signed_text(secret, kPurpose, session_token);
  if (!payload || access_key_id != access_key_id_of(secret, *payload)) return std::nullopt;
  return parse(*payload);
}

rt::Task<rt::Status> check_upload_access(Uploads& uploads, UploadAccess access, UploadAction action, std::string bucket,
                                         std::string key) {
  const auto refusal = rt::fail(rt::Code::kForbidden, "these credentials are for one upload only", "key");
  if (action == UploadAction::kOther || bucket != kUploadsBucket) co_return refusal;
  if (!key.starts_with(access.upload_id + "/")) co_return refusal;
  auto upload = co_await uploads.load(access.principal.tenant, access.upload_id);
  if (!upload) co_return rt::pass(upload);
  if (upload_object_key(*upload) != key) co_return refusal;
  if (!is_open(*upload)) {
    co_return rt::fail(rt::Code::kGone, fmt::format("the upload is {}", word(upload->state)), "key");
  }
  co_return rt::Status();
}

std::string upload_object_key(const Upload& upload) {
  return fmt::format("{}/{}", upload.id, fit_for_a_key(upload.file_name, kKeyMaxBytes - upload.id.size() - 1));
}

std::uint64_t part_bytes_for(std::optional<std::uint64_t> file_bytes) {
  const std::uint64_t needed = (file_bytes.value_or(0) + kSuggestedPartsMax - 1) / kSuggestedPartsMax;
  return std::max(kSuggestedPartMinBytes, (needed + kMiB - 1) / kMiB * kMiB);
}

}  // namespace millrace::media
