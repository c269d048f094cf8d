// Expiring uploads that nobody goes on with.
#include <algorithm>
#include <utility>

#include "media/buckets/multipart_records.h"
#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/records/records.h"
#include "media/uploads/uploads.h"

namespace millrace::media {

rt::Task<rt::Result<std::size_t>> Uploads::sweep() {
  co_return co_await sweep_index(store_, keys::open_uploads(), keys::open_upload(clock_(), {}, {}),
                                 [this](std::string key) { return sweep_one(std::move(key)); });
}

// True when it expired.
rt::Task<rt::Result<bool>> Uploads::sweep_one(std::string key) {
  const std::string id = keys::last_part(key);
  const std::string tenant = keys::last_part(std::string_view(key).substr(0, key.rfind('/')));
  auto upload = co_await load(tenant, id);
  if (!upload) co_return rt::pass(upload);
  auto merged = co_await merge_parts(*upload);
  if (!merged) co_return rt::pass(merged);
  merge_progress(*upload);
  const bool due = upload->expires_ms <= clock_() && (upload->whole || is_joined(*upload));
  if (due) upload = co_await advance(tenant, id);
  if (!upload) co_return rt::pass(upload);
  if (!is_open(*upload)) co_return false;
  auto expiry = co_await last_expiry(*upload);
  if (!expiry) co_return rt::pass(expiry);
  upload->expires_ms = std::max(upload->expires_ms, *expiry);
  if (upload->expires_ms > clock_()) co_return co_await move_in_index(std::move(*upload), std::move(key));
  co_return co_await expire(std::move(*upload), std::move(key));
}

// Parts do not change the upload's record. So its multipart uploads are sealed, and it is looked again: what came since
// is seen then, and what comes later breaks a seal.
rt::Task<rt::Result<bool>> Uploads::expire(Upload upload, std::string key) {
  std::vector<Multipart> sealed;
  if (upload.type == UploadType::kMultipart) {
    auto all = co_await seal_multiparts(store_, upload.tenant, std::string(kUploadsBucket), upload.id + "/");
    if (!all) co_return rt::pass(all);
    sealed = std::move(*all);
    for (const Multipart& each : sealed) incoming_.sums.forget(each.ref.id);  // the records decide
    auto merged = co_await merge_parts(upload);
    if (!merged) co_return rt::pass(merged);
    if (upload.expires_ms > clock_()) co_return co_await move_in_index(std::move(upload), std::move(key));
  }
  auto ended =
      co_await end(std::move(upload), UploadState::kExpired, "nothing arrived for too long", {}, std::move(sealed));
  if (!ended) co_return rt::pass(ended);
  co_return true;
}

rt::Task<rt::Result<bool>> Uploads::move_in_index(Upload upload, std::string key) {
  auto stored = co_await load(upload.tenant, upload.id);
  if (!stored) co_return rt::pass(stored);
  stored->updated_ms = upload.updated_ms;
  stored->swept_ms = stored->expires_ms = upload.expires_ms;
  store::Transaction transaction;
  transaction.require(keys::upload(upload.tenant, upload.id), stored->revision);
  transaction.put(keys::upload(upload.tenant, upload.id), encode(*stored));
  transaction.erase(std::move(key));
  transaction.put(keys::open_upload(stored->swept_ms, upload.tenant, upload.id), {});
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return false;
}

}  // namespace millrace::media
