// Completing an upload: from parts to a media with its probe job.
#include <fmt/format.h>

#include "media/catalog/folder.h"
#include "media/events/event.h"
#include "media/playback/playback.h"
#include "media/processing/probe.h"
#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/records/limits.h"
#include "media/records/records.h"
#include "media/tenants/tenants.h"
#include "media/uploads/transfers.h"
#include "media/uploads/uploads.h"
#include "store/crc.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr int kCompleteRounds = 16;
// Media with equal checksum and size are almost surely equal, so the first comparison decides; the bound is for those
// who make checksums collide on purpose.
constexpr std::size_t kCandidatesMax = 16;

std::uint64_t crc64nvme_of(const Upload& upload) {
  std::uint64_t crc = 0;
  for (const UploadPart& part : upload.parts) crc = store::crc64nvme_combine(crc, part.crc64nvme, part.size_bytes);
  return crc;
}

std::vector<store::ObjectId> objects_of(const Upload& upload) {
  std::vector<store::ObjectId> objects;
  objects.reserve(upload.parts.size());
  for (const UploadPart& part : upload.parts) objects.push_back(part.object);
  return objects;
}

// A media has the id of the upload it was made of: whoever sent a file knows it by one name, whatever the door.
Media media_of(const Upload& upload, std::int64_t now_ms) {
  Media media;
  media.id = upload.id;
  media.tenant = upload.tenant;
  media.channel_id = upload.channel_id;
  media.title = upload.title.empty() ? upload.file_name : upload.title;
  media.file_name = upload.file_name;
  media.content_type = upload.content_type;
  media.object = store::ObjectId::random();
  media.size_bytes = upload.bytes_received;
  media.crc64nvme = crc64nvme_of(upload);
  media.transcript_languages = upload.transcript_languages;
  media.metadata = upload.metadata;
  media.details = upload.details;
  media.upload_id = upload.id;
  media.created_ms = media.updated_ms = now_ms;
  return media;
}

void put_media(store::Transaction& transaction, const Media& media) {
  const std::string print = keys::fingerprint(media.crc64nvme, media.size_bytes);
  transaction.require(keys::media(media.tenant, media.id), 0);
  transaction.put(keys::media(media.tenant, media.id), encode(media));
  transaction.put(keys::media_time(media.tenant, media.created_ms, media.id), {});
  transaction.put(keys::same(media.tenant, print, media.id), {});
  transaction.put(keys::same_last(media.tenant, print), media.id);
  put_playback_place(transaction, media);
}

void put_completed(store::Transaction& transaction, const Upload& upload) {
  const std::string key = keys::upload(upload.tenant, upload.id);
  transaction.require(key, upload.revision);
  transaction.put(key, encode(upload));
  transaction.erase(keys::open_upload(upload.swept_ms, upload.tenant, upload.id));
}

}  // namespace

std::string fingerprint_of(const Upload& upload) {
  return keys::fingerprint(crc64nvme_of(upload), upload.bytes_received);
}

rt::Status Uploads::check_whole(const Upload& upload) const {
  if (!is_open(upload)) return not_open(upload);
  if (upload.is_piece) return rt::fail(Code::kConflict, "the upload is a piece of a file, not a file");
  if (transfers_->position(keys::upload(upload.tenant, upload.id))) {
    return rt::fail(Code::kConflict, "the file is still being received");
  }
  if (!upload.whole) {
    return rt::fail(Code::kConflict,
                    fmt::format("the file is not complete, continue at byte {}", upload.bytes_received));
  }
  if (upload.declared_bytes.value_or(upload.bytes_received) != upload.bytes_received) {
    return rt::fail(Code::kConflict, fmt::format("{} bytes have arrived, {} were announced", upload.bytes_received,
                                                 *upload.declared_bytes));
  }
  return {};
}

rt::Task<rt::Result<Completion>> Uploads::complete(std::string tenant, std::string id, CompleteUpload input) {
  auto owner = tenants_.tenant(tenant);
  if (!owner) co_return rt::pass(owner);
  auto good = check_text(input.title, {"a title", "title", 0, kTitleMaxBytes});
  if (good && !input.folder.empty()) good = check_folder(input.folder);
  if (!good) co_return rt::pass(good);
  for (int round = 0; round < kCompleteRounds; ++round) {
    auto upload = co_await load(tenant, id);
    if (!upload) co_return rt::pass(upload);
    if (upload->state == UploadState::kCompleted) co_return Completion{std::move(*upload), {}};
    if (!upload->duplicate_of.empty()) co_return Completion{*upload, upload->duplicate_of};
    good = check_whole(*upload);
    const bool lacks_parts = upload->type == UploadType::kMultipart && is_open(*upload) && upload->parts.empty();
    if (!good && lacks_parts && !upload->whole) good = co_await what_is_missing(*upload);
    if (!good) co_return rt::pass(good);
    good = co_await check_channel(tenant, input.channel_id);
    if (!good) co_return rt::pass(good);
    if (!input.channel_id.empty()) upload->channel_id = input.channel_id;
    if (upload->channel_id.empty()) upload->channel_id = owner->default_channel_id;
    if (!input.title.empty()) upload->title = input.title;
    if (!input.content_type.empty()) upload->content_type = input.content_type;
    if (!input.folder.empty()) upload->details.folder = input.folder;
    auto completed = co_await try_complete(std::move(*upload), owner->duplicate_check);
    if (completed || completed.error().code != Code::kConflict) co_return completed;
  }
  co_return rt::fail(Code::kUnavailable, "the upload is changed too often");
}

// kConflict: something changed on the way, look again.
rt::Task<rt::Result<Completion>> Uploads::try_complete(Upload upload, bool duplicate_check) {
  if (!duplicate_check) {
    Media media = media_of(upload, clock_());
    co_return co_await make_media(std::move(upload), std::move(media), std::nullopt);
  }
  // Read before the search: the commit requires that no other media with this fingerprint was made since.
  const std::string print = fingerprint_of(upload);
  auto last = co_await store_.get(keys::same_last(upload.tenant, print));
  if (!last) co_return rt::pass(last);
  if (*last) {
    auto joined = co_await join_parts(std::move(upload));
    if (!joined) co_return rt::pass(joined);
    upload = std::move(*joined);
    auto duplicate = co_await find_duplicate(upload, print);
    if (!duplicate) co_return rt::pass(duplicate);
    if (!duplicate->empty()) {
      auto ended =
          co_await end(std::move(upload), UploadState::kFailed, "the same file was uploaded before", *duplicate);
      if (!ended) co_return rt::pass(ended);
      co_return Completion{std::move(*ended), std::move(*duplicate)};
    }
  }
  Media media = media_of(upload, clock_());
  const store::Revision revision = *last ? (*last)->revision : 0;
  co_return co_await make_media(std::move(upload), std::move(media), revision);
}

// One object to compare with; the upload stays as it is otherwise.
rt::Task<rt::Result<Upload>> Uploads::join_parts(Upload upload) {
  if (upload.parts.size() < 2) co_return upload;
  const std::string key = keys::upload(upload.tenant, upload.id);
  const UploadPart whole{store::ObjectId::random(), upload.bytes_received, crc64nvme_of(upload)};
  std::vector<store::ObjectId> objects = objects_of(upload);
  upload.parts = {whole};
  store::Transaction transaction;
  transaction.require(key, upload.revision);
  transaction.put(key, encode(upload));
  transaction.join(whole.object, std::move(objects));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  upload.revision = *committed;
  co_return upload;
}

// The id of a media of this tenant with the same bytes; empty when there is none. Deleted ones do not count.
rt::Task<rt::Result<std::string>> Uploads::find_duplicate(const Upload& upload, std::string print) {
  if (upload.parts.empty()) co_return std::string();
  store::Scan scan{.prefix = keys::same(upload.tenant, print), .after = {}, .limit = kCandidatesMax};
  auto candidates = co_await store_.scan(std::move(scan));
  if (!candidates) co_return rt::pass(candidates);
  for (const auto& candidate : *candidates) {
    auto record = co_await store_.get(keys::media(upload.tenant, keys::last_part(candidate.key)));
    if (!record) co_return rt::pass(record);
    if (!*record) continue;
    auto media = decode_media(**record);
    if (!media) co_return rt::pass(media);
    if (media->status == MediaStatus::kSoftDeleted) continue;
    auto same = co_await store_.same(media->object, upload.parts.front().object);
    // Removed meanwhile, or rotten: then the upload is the cure.
    const bool unreadable = !same && is_lost(same.error());
    if (unreadable) continue;
    if (!same) co_return rt::pass(same);
    if (*same) co_return std::move(media->id);
  }
  co_return std::string();
}

// The upload's parts become the media's object, by name when there is one, by a join when there are more.
rt::Task<rt::Result<Completion>> Uploads::make_media(Upload upload, Media media, std::optional<store::Revision> last) {
  store::Transaction transaction;
  if (upload.parts.empty()) {
    const auto writer = store_.writer(upload.tenant);
    auto empty = co_await writer->finish();
    if (!empty) co_return rt::pass(empty);
    transaction.create(media.object, std::move(*empty));
  } else if (upload.parts.size() == 1) {
    media.object = upload.parts.front().object;
  } else {
    transaction.join(media.object, objects_of(upload));
  }
  upload.parts.clear();
  upload.state = UploadState::kCompleted;
  upload.media_id = media.id;
  upload.updated_ms = clock_();
  put_completed(transaction, upload);
  media.job_id =
      jobs_.add_to(transaction, {.kind = std::string(kProbeKind), .tenant = media.tenant, .subject = media.id});
  put_media(transaction, media);
  if (last)
    transaction.require(keys::same_last(media.tenant, keys::fingerprint(media.crc64nvme, media.size_bytes)), *last);
  add_event(transaction, event_of(upload, "completed"), upload.updated_ms);
  add_event(transaction, event_of(media, "created"), media.created_ms);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  jobs_.wake();
  upload.revision = *committed;
  co_await drop_parts(upload);
  co_return Completion{std::move(upload), {}};
}

}  // namespace millrace::media
