// The one object an open upload has in the bucket `uploads`. For the services that bring its bytes through S3. Any
// loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/buckets/bucket.h"
#include "media/tenants/tenants.h"
#include "media/uploads/upload.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// The record of the upload that the key would name.
std::string upload_record_of(std::string_view tenant, std::string_view key);
// The upload that the key names: kForbidden, the field "key", unless there is one of type multipart that is open.
rt::Task<rt::Result<Upload>> open_upload_of(store::Store& store, std::string tenant, std::string key);
// The key names no upload, or one that has ended.
bool is_refusal(const rt::Error& error);

// How many bytes the file may have.
std::uint64_t file_bytes_max(const Upload& upload, const Tenant& owner);
// kTooLarge or kInvalid, the field "fileSize".
rt::Status check_file_size(const Upload& upload, const Tenant& owner, std::uint64_t size_bytes);

// As a reader of the bucket sees it: nothing unless its bytes are whole and one object.
std::optional<BucketObject> object_of(const Upload& upload);

// Changes the upload to have these bytes as its whole file, in place of what it had. The caller makes `object.object`
// an object in the same transaction.
void put_whole(store::Transaction& transaction, Upload upload, const BucketObject& object, std::uint64_t crc64nvme,
               std::int64_t idle_ms);

}  // namespace millrace::media
