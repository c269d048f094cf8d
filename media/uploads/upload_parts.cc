// An upload's parts that come through S3: its progress while it is open, gone when it ends.
#include <fmt/format.h>

#include <algorithm>

#include "media/buckets/bucket.h"
#include "media/buckets/multipart_records.h"
#include "media/records/keys.h"
#include "media/uploads/upload_keys.h"
#include "media/uploads/uploads.h"

namespace millrace::media {
namespace {

bool takes_parts(const Upload& upload) { return upload.type == UploadType::kMultipart && is_open(upload); }

}  // namespace

rt::Task<rt::Status> Uploads::merge_parts(Upload& upload) {
  if (!takes_parts(upload)) co_return rt::Status();
  auto progress = co_await parts_progress(store_, incoming_, upload.tenant, upload.id);
  if (!progress) co_return rt::pass(progress);
  const Arrivals::Seen object =
      incoming_.bodies.seen(keys::upload(upload.tenant, upload.id)).value_or(Arrivals::Seen());
  const std::int64_t active_ms = std::max(progress->active_ms, object.active_ms);
  if (active_ms > upload.updated_ms) {
    upload.expires_ms += active_ms - upload.updated_ms;
    upload.updated_ms = active_ms;
  }
  const std::uint64_t bytes = std::max(progress->bytes + progress->arriving_bytes, object.bytes);
  if (upload.whole || (progress->parts == 0 && bytes == 0)) co_return rt::Status();
  upload.state = UploadState::kUploading;
  upload.bytes_received = std::min(bytes, upload.declared_bytes.value_or(bytes));
  co_return rt::Status();
}

// Why an upload that is not whole cannot be completed.
rt::Task<rt::Status> Uploads::what_is_missing(Upload upload) {
  auto progress = co_await parts_progress(store_, incoming_, upload.tenant, upload.id);
  if (!progress) co_return rt::pass(progress);
  if (progress->active_ms == 0) {
    co_return rt::fail(rt::Code::kConflict, fmt::format("no bytes have come: send them to the key {} of the bucket {}",
                                                        upload_object_key(upload), kUploadsBucket));
  }
  co_return rt::fail(rt::Code::kConflict,
                     fmt::format("the S3 multipart upload is not completed: {} parts with {} bytes have come, "
                                 "CompleteMultipartUpload is missing",
                                 progress->parts, progress->bytes));
}

// What cannot be aborted now expires by itself.
rt::Task<void> Uploads::drop_parts(Upload upload) {
  if (upload.type != UploadType::kMultipart) co_return;
  (void)co_await abort_multiparts(store_, upload.tenant, std::string(kUploadsBucket), upload.id + "/");
}

}  // namespace millrace::media
