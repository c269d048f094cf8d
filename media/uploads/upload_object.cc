#include "media/uploads/upload_object.h"

#include <fmt/format.h>

#include <utility>

#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/uploads/upload_keys.h"

namespace millrace::media {
namespace {

using rt::Code;

std::unexpected<rt::Error> refuse(std::string message) { return rt::fail(Code::kForbidden, std::move(message), "key"); }

}  // namespace

std::string upload_record_of(std::string_view tenant, std::string_view key) {
  return keys::upload(tenant, key.substr(0, key.find('/')));
}

rt::Task<rt::Result<Upload>> open_upload_of(store::Store& store, std::string tenant, std::string key) {
  auto record = co_await store.get(upload_record_of(tenant, key));
  if (!record) co_return rt::pass(record);
  if (!*record) co_return refuse("keys of this bucket belong to open uploads; create one first");
  auto upload = decode_upload(**record);
  if (!upload) co_return upload;
  if (upload->type != UploadType::kMultipart || upload_object_key(*upload) != key) {
    co_return refuse("this is not the key of an upload of type multipart");
  }
  if (!is_open(*upload)) co_return refuse(fmt::format("the upload is {}", word(upload->state)));
  co_return upload;
}

bool is_refusal(const rt::Error& error) { return error.code == Code::kForbidden && error.field == "key"; }

std::uint64_t file_bytes_max(const Upload& upload, const Tenant& owner) {
  const std::uint64_t allowed = owner.upload_max_bytes > 0 ? owner.upload_max_bytes : kObjectMaxBytes;
  return upload.declared_bytes.value_or(allowed);
}

rt::Status check_file_size(const Upload& upload, const Tenant& owner, std::uint64_t size_bytes) {
  if (size_bytes > file_bytes_max(upload, owner)) {
    return rt::fail(Code::kTooLarge, "the file is larger than announced or allowed", "fileSize");
  }
  if (size_bytes == upload.declared_bytes.value_or(size_bytes)) return {};
  return rt::fail(Code::kInvalid, fmt::format("{} bytes were announced, not {}", *upload.declared_bytes, size_bytes),
                  "fileSize");
}

std::optional<BucketObject> object_of(const Upload& upload) {
  if (!is_open(upload) || !upload.whole || upload.type != UploadType::kMultipart || upload.parts.size() != 1) {
    return std::nullopt;
  }
  const UploadPart& whole = upload.parts.front();
  return BucketObject{
      .tenant = upload.tenant,
      .bucket = std::string(kUploadsBucket),
      .key = upload_object_key(upload),
      .object = whole.object,
      .size_bytes = upload.bytes_received,
      .etag = upload.etag.empty() ? etag_of({}, whole.crc64nvme, whole.size_bytes) : upload.etag,
      .checksums = {crc64nvme_checksum(whole.crc64nvme)},
      .headers = {.content_type = upload.content_type},
      .tags = {},
      .part_count = 0,
      .modified_ms = upload.updated_ms,
      .revision = upload.revision,
  };
}

void put_whole(store::Transaction& transaction, Upload upload, const BucketObject& object, std::uint64_t crc64nvme,
               std::int64_t idle_ms) {
  const std::string key = keys::upload(upload.tenant, upload.id);
  for (const UploadPart& part : upload.parts) transaction.remove(part.object);
  upload.parts = {{object.object, object.size_bytes, crc64nvme}};
  upload.etag = object.etag;
  upload.bytes_received = object.size_bytes;
  upload.total_bytes.reset();
  upload.state = UploadState::kUploading;
  upload.whole = true;
  upload.updated_ms = object.modified_ms;
  upload.expires_ms = upload.updated_ms + idle_ms;
  transaction.require(key, upload.revision);
  transaction.put(key, encode(upload));
}

}  // namespace millrace::media
