// Temporary S3 credentials for one upload, in AWS's form: access key id, secret and session token. Derived from the
// server secret and stored nowhere, so asking again gives the same. They are good while the upload is open and the API
// key they were made with is not revoked, and only to bring that upload's bytes. Pure but for check_upload_access();
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/tenants/principal.h"
#include "media/tenants/secret.h"
#include "media/uploads/upload.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::media {

class Uploads;

struct UploadKey {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
};

// What a session token says.
struct UploadKeyContent {
  std::string tenant;
  std::string key_id;  // of the API key
  std::string upload_id;
};

UploadKey make_upload_key(const ServerSecret& secret, const UploadKeyContent& content);
// Nothing unless it is one of ours, unchanged, and belongs to this access key id.
std::optional<UploadKeyContent> read_session_token(const ServerSecret& secret, std::string_view access_key_id,
                                                   std::string_view session_token);

// Whom a temporary credential lets in, as Tenants::upload_access finds it.
struct UploadAccess {
  std::string secret;
  Principal principal;  // scope uploads
  std::string upload_id;
};

enum class UploadAction : std::uint8_t {
  kCreateMultipart,
  kPutPart,
  kPutObject,
  kListParts,
  kCompleteMultipart,
  kAbortMultipart,
  kListMultiparts,  // of this key: how some clients look for what to go on with
  kOther,           // whatever else a door offers
};

// kForbidden, the field "key", for any other action, bucket or key than the upload's own; kGone when it is not open.
rt::Task<rt::Status> check_upload_access(Uploads& uploads, UploadAccess access, UploadAction action, std::string bucket,
                                         std::string key);

// Where the bytes of an upload go in the bucket `uploads`: `{id}/{fileName}`, its name made fit for a key.
std::string upload_object_key(const Upload& upload);

// The part size to suggest for a file of this size, in bytes: whole MiB, at least 8, so that 10,000 parts suffice.
std::uint64_t part_bytes_for(std::optional<std::uint64_t> file_bytes);

}  // namespace millrace::media
