// An upload that was refused as a whole: the sender was told of a mistake and not of the upload, so nobody sees it
// again.
#include "media/events/event.h"
#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/records/limits.h"
#include "media/records/records.h"
#include "media/uploads/transfers.h"
#include "media/uploads/uploads.h"

namespace millrace::media {

namespace {

constexpr int kRounds = 8;  // lost races in a row

}  // namespace

rt::Task<rt::Status> Uploads::discard(std::string tenant, std::string id) {
  for (int round = 0; round < kRounds; ++round) {
    auto upload = co_await load(tenant, id);
    if (!upload) co_return rt::pass(upload);
    if (upload->state == UploadState::kCompleted) co_return not_open(*upload);
    const std::string key = keys::upload(tenant, id);
    store::Transaction transaction;
    transaction.require(key, upload->revision);
    transaction.erase(key);
    transaction.erase(keys::upload_time(tenant, upload->created_ms, id));
    transaction.erase(keys::open_upload(upload->swept_ms, tenant, id));
    for (const UploadPart& part : upload->parts) transaction.remove(part.object);
    if (is_open(*upload) && !upload->is_piece) {
      upload->state = UploadState::kCancelled;  // who heard of its beginning hears of its end
      add_event(transaction, event_of(*upload, "cancelled"), clock_());
    }
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) transfers_->evict(key);
    if (committed) co_return rt::Status();
    if (committed.error().code != rt::Code::kConflict) co_return rt::pass(committed);
  }
  co_return rt::fail(rt::Code::kUnavailable, "the upload is changed too often");
}

}  // namespace millrace::media
