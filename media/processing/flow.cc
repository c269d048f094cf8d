#include "media/processing/flow.h"

#include <algorithm>
#include <utility>

#include "media/events/event.h"
#include "media/processing/give_up.h"
#include "media/records/codec.h"
#include "media/records/id.h"
#include "media/records/keys.h"
#include "media/records/records.h"
#include "media/renditions/renditions.h"
#include "media/tenants/encode_minutes.h"

namespace millrace::media {
namespace {

using rt::Code;

// Each lost race means that another change won: of the media, or of the month in which encodes of the tenant are
// counted, of which 64 may end at once. So these rounds are enough for all but an endless storm.
constexpr int kRounds = 80;

rt::Task<rt::Status> at_once(rt::Status status) { co_return status; }

}  // namespace

rt::Task<rt::Result<Media>> Flow::get(std::string tenant, std::string id) {
  auto record = co_await get_record(store_, keys::media(tenant, id), "media");
  if (!record) co_return rt::pass(record);
  co_return decode_media(*record);
}

rt::Task<rt::Status> Flow::commit(const Job& job, std::function<bool(const Media&)> wanted, Edit edit) {
  for (int round = 0; round < kRounds; ++round) {
    auto media = co_await get(job.tenant, job.subject);
    if (!media && media.error().code == Code::kNotFound) co_return rt::Status();
    if (!media) co_return rt::pass(media);
    if (!wanted(*media)) co_return rt::Status();
    const std::string key = keys::media(media->tenant, media->id);
    store::Transaction transaction;
    transaction.require(key, media->revision);
    rt::Status edited = co_await edit(*media, transaction);
    if (!edited) co_return edited;
    transaction.put(key, encode(*media));
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) {
      jobs_.wake();
      co_return rt::Status();
    }
    if (committed.error().code != Code::kConflict) co_return rt::pass(committed);
  }
  co_return rt::fail(Code::kUnavailable, "the media is changed too often");
}

rt::Task<rt::Status> Flow::finish(const Job& job, Stage stage, StepResult result) {
  const auto wanted = [&](const Media& media) { return is_next(media, stage, job.id); };
  const auto edit = [this, &job, &result](Media& media, store::Transaction& transaction) {
    if (result.edit) result.edit(media);
    media.updated_ms = clock_();
    advance(job, media, transaction);
    return replace(media, result, transaction);
  };
  co_return co_await commit(job, wanted, edit);
}

rt::Task<rt::Status> Flow::note(const Job& job, Stage stage, std::function<void(Media&)> edit) {
  const auto wanted = [&](const Media& media) { return is_next(media, stage, job.id); };
  const auto noted = [&edit](Media& media, store::Transaction&) {
    edit(media);
    return at_once({});
  };
  co_return co_await commit(job, wanted, noted);
}

rt::Task<rt::Status> Flow::fail(const Job& job, Stage stage, std::string reason) {
  const auto wanted = [&](const Media& media) { return is_next(media, stage, job.id); };
  const auto failed = [this, &reason](Media& media, store::Transaction& transaction) {
    give_up(media, reason, clock_(), transaction);
    return at_once({});
  };
  co_return co_await commit(job, wanted, failed);
}

rt::Task<rt::Status> Flow::replace(const Media& media, const StepResult& result, store::Transaction& transaction) {
  auto old = co_await Renditions(store_).of_media(media.tenant, media.id);
  if (!old) co_return rt::pass(old);
  for (const Rendition& rendition : *old) {
    if (std::ranges::count(result.kinds, rendition.kind) > 0) erase_rendition(transaction, rendition);
  }
  for (const Made& made : result.made) {
    Rendition rendition = made.rendition;
    rendition.id = new_uuid();
    rendition.tenant = media.tenant;
    rendition.media_id = media.id;
    rendition.object = store::ObjectId::random();
    rendition.created_ms = media.updated_ms;
    transaction.create(rendition.object, store::Draft(made.draft.content()));
    put_rendition(transaction, rendition);
  }
  if (result.encoded_ms <= 0) co_return rt::Status();
  co_return co_await count_encoded(store_, media.tenant, result.encoded_ms, clock_(), transaction);
}

void Flow::advance(const Job& job, Media& media, store::Transaction& transaction) {
  media.stage = stage_after(media.stage, media.type, options_);
  media.job_id.clear();
  NewJob next{
      .kind = std::string(kind_of(media.stage)), .tenant = media.tenant, .subject = media.id, .priority = job.priority};
  if (media.stage == Stage::kDone) {
    media.progress_percent = 100;
    media.reprocessing = false;
    media.error.clear();
    set_outcome(media, MediaStatus::kReady);
    add_event(transaction, event_of(media, "ready"), media.updated_ms);
    if (options_.transcripts && !media.probe.audio_codec.empty()) next.kind = kTranscribeKind;
  }
  if (next.kind.empty()) return;
  std::string id = jobs_.add_to(transaction, std::move(next));
  if (media.stage != Stage::kDone) media.job_id = std::move(id);
}

}  // namespace millrace::media
