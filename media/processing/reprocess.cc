#include "media/processing/reprocess.h"

#include "media/catalog/moving.h"
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

}  // namespace

rt::Task<rt::Result<Media>> Reprocess::start(std::string tenant, std::string id) {
  for (int round = 0; round < kRounds; ++round) {
    auto record = co_await get_record(store_, keys::media(tenant, id), "media");
    if (!record) co_return rt::pass(record);
    auto media = decode_media(*record);
    if (!media) co_return rt::pass(media);
    if (auto good = check_restartable(*media); !good) co_return rt::pass(good);
    auto room = co_await check_minutes(*media);
    if (!room) co_return rt::pass(room);
    auto started = co_await try_start(std::move(*media));
    if (started || started.error().code != Code::kConflict) co_return started;
  }
  co_return rt::fail(Code::kUnavailable, "the media is changed too often");
}

rt::Task<rt::Status> Reprocess::check_minutes(const Media& media) {
  const bool may_move = media.type == MediaType::kUnknown && is_said_to_move(media.content_type, media.file_name);
  if (!may_move && !is_moving(media.type)) co_return rt::Status();
  co_return co_await minutes_.check_room(media.tenant, media.probe.duration_ms);
}

// Behind everything that comes in for the first time.
rt::Task<rt::Result<Media>> Reprocess::try_start(Media media) {
  const std::string key = keys::media(media.tenant, media.id);
  store::Transaction transaction;
  transaction.require(key, media.revision);
  media.status = MediaStatus::kPreparing;
  media.stage = Stage::kProbe;
  media.reprocessing = true;
  media.progress_percent = 0;
  media.error.clear();
  media.updated_ms = clock_();
  transaction.put(key, encode(media));
  jobs_.add_to(
      transaction,
      {.kind = std::string(kProbeKind), .tenant = media.tenant, .subject = media.id, .priority = Priority::kLow});
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  jobs_.wake();
  media.revision = *committed;
  co_return media;
}

}  // namespace millrace::media
