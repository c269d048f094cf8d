#include "media/processing/processing.h"

#include <utility>

#include "media/catalog/moving.h"
#include "media/processing/give_up.h"
#include "media/processing/probe.h"
#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/records/records.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr int kRounds = 16;

rt::Status check_restartable(const Media& media) {
  if (media.status == MediaStatus::kPreparing) return rt::fail(Code::kConflict, "the media is being processed");
  if (media.status == MediaStatus::kSoftDeleted) return rt::fail(Code::kConflict, "the media is deleted");
  return {};
}

rt::Status check_cancellable(const Media& media) {
  switch (media.status) {
    case MediaStatus::kPreparing:
      return {};
    case MediaStatus::kReady:
      return rt::fail(Code::kConflict, "the media is ready, nothing is being processed");
    case MediaStatus::kErrored:
      return rt::fail(Code::kConflict, "the media is errored, nothing is being processed");
    case MediaStatus::kSoftDeleted:
      break;
  }
  return rt::fail(Code::kConflict, "the media is deleted");
}

}  // namespace

rt::Task<rt::Result<Media>> Processing::restart(std::string tenant, std::string id) {
  const Edit edit = [this](Media& media, store::Transaction& transaction) { return begin(media, transaction); };
  auto media = co_await change(std::move(tenant), std::move(id), edit);
  if (media) jobs_.wake();
  co_return media;
}

rt::Task<rt::Result<Media>> Processing::cancel(std::string tenant, std::string id) {
  std::string job_id;
  const Edit edit = [&](Media& media, store::Transaction& transaction) {
    job_id = media.job_id;
    return end(media, transaction);
  };
  auto media = co_await change(std::move(tenant), std::move(id), edit);
  // What runs would notice by itself (watch.h); this is sooner, and leaves nothing queued.
  if (media && !job_id.empty()) co_await jobs_.cancel(std::move(job_id));
  co_return media;
}

rt::Task<rt::Result<Media>> Processing::change(std::string tenant, std::string id, Edit edit) {
  const std::string key = keys::media(tenant, id);
  for (int round = 0; round < kRounds; ++round) {
    auto record = co_await get_record(store_, key, "media");
    if (!record) co_return rt::pass(record);
    auto media = decode_media(*record);
    if (!media) co_return media;
    store::Transaction transaction;
    transaction.require(key, media->revision);
    auto edited = co_await edit(*media, transaction);
    if (!edited) co_return rt::pass(edited);
    transaction.put(key, encode(*media));
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) media->revision = *committed;
    if (committed) co_return media;
    if (committed.error().code != Code::kConflict) co_return rt::pass(committed);
  }
  co_return rt::fail(Code::kUnavailable, "the media is changed too often");
}

// Behind everything that comes in for the first time.
rt::Task<rt::Status> Processing::begin(Media& media, store::Transaction& transaction) {
  if (auto good = check_restartable(media); !good) co_return good;
  auto room = co_await check_minutes(media);
  if (!room) co_return room;
  media.stage = Stage::kProbe;
  media.reprocessing = true;
  media.was_ready = media.status == MediaStatus::kReady;
  media.status = MediaStatus::kPreparing;
  media.progress_percent = 0;
  media.error.clear();
  media.updated_ms = clock_();
  media.job_id = jobs_.add_to(
      transaction,
      {.kind = std::string(kProbeKind), .tenant = media.tenant, .subject = media.id, .priority = Priority::kLow});
  co_return rt::Status();
}

rt::Task<rt::Status> Processing::end(Media& media, store::Transaction& transaction) {
  if (auto good = check_cancellable(media); !good) co_return good;
  give_up(media, "processing was cancelled", clock_(), transaction);
  co_return rt::Status();
}

rt::Task<rt::Status> Processing::check_minutes(const Media& media) const {
  const bool may_move = media.type == MediaType::kUnknown && is_said_to_move(media.content_type, media.file_name);
  if (!may_move && !is_moving(media.type)) co_return rt::Status();
  co_return co_await minutes_.check_room(media.tenant, media.probe.duration_ms);
}

}  // namespace millrace::media
