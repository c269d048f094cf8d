#include "media/catalog/catalog.h"

#include <algorithm>

#include "media/events/event.h"
#include "media/playback/playback.h"
#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/records/limits.h"
#include "media/records/records.h"
#include "media/records/select.h"
#include "media/renditions/renditions.h"
#include "media/transcripts/transcription.h"

namespace millrace::media {
namespace {

using rt::Code;

// Each lost race means that another change won, so a few rounds are enough for all but an endless storm of them.
constexpr int kUpdateRounds = 16;

constexpr Field<Media> kFields[] = {
    {"title", [](const Media& media) { return media.title; }},
    {"name", [](const Media& media) { return media.title; }},
    {"fileName", [](const Media& media) { return media.file_name; }},
    {"type", [](const Media& media) { return std::string(word(media.type)); }},
    {"status", [](const Media& media) { return std::string(word(media.status)); }},
    {"channelId", [](const Media& media) { return media.channel_id; }},
    {"createdAt", [](const Media& media) { return keys::ordered(media.created_ms); }, false},
    {"updatedAt", [](const Media& media) { return keys::ordered(media.updated_ms); }, false},
    {"size", [](const Media& media) { return keys::ordered(static_cast<std::int64_t>(media.size_bytes)); }, false},
    {"duration", [](const Media& media) { return keys::ordered(media.probe.duration_ms); }, false},
};

bool asks_for_deleted(const Query& query) {
  return std::ranges::any_of(query.filters, [](const auto& filter) {
    return filter.first == "status" && filter.second == word(MediaStatus::kSoftDeleted);
  });
}

rt::Status check_patch(const MediaPatch& change) {
  if (change.title) {
    auto good = check_text(*change.title, {"a title", "title", 1, kTitleMaxBytes});
    if (!good) return good;
  }
  Details details;
  details.description = change.description.value_or("");
  details.passthrough = change.passthrough.value_or("");
  details.tags = change.tags.value_or(std::vector<std::string>());
  if (auto good = check_details(details); !good) return good;
  return change.metadata ? check_metadata(*change.metadata) : rt::Status();
}

// kInvalid when the media would ask for too many languages, or for what is none.
rt::Status apply_patch(const MediaPatch& change, Media& media) {
  if (change.title) media.title = *change.title;
  if (change.channel_id) media.channel_id = *change.channel_id;
  if (change.metadata) media.metadata = *change.metadata;
  if (change.description) media.details.description = *change.description;
  if (change.passthrough) media.details.passthrough = *change.passthrough;
  if (change.tags) media.details.tags = *change.tags;
  if (change.transcript_languages) media.transcript_languages = *change.transcript_languages;
  auto& languages = media.transcript_languages;
  for (const std::string& language : change.more_transcript_languages) {
    if (std::ranges::count(languages, language) == 0) languages.push_back(language);
  }
  return check_languages(languages);
}

rt::Status mark_deleted(Media& media, std::int64_t now_ms) {
  if (media.status == MediaStatus::kSoftDeleted) return {};
  media.status_before_delete = media.status;
  media.status = MediaStatus::kSoftDeleted;
  media.deleted_ms = now_ms;
  return {};
}

// What the tenant can set.
bool has_other_description(const Media& a, const Media& b) {
  return a.title != b.title || a.channel_id != b.channel_id || a.metadata != b.metadata ||
         a.transcript_languages != b.transcript_languages || a.details.description != b.details.description ||
         a.details.passthrough != b.details.passthrough || a.details.tags != b.details.tags ||
         a.details.folder != b.details.folder || a.details.policy != b.details.policy;
}

// What there is to tell of a change, whoever made it; progress alone is no event.
std::string_view what_happened(const Media& before, const Media& after) {
  if (before.status != after.status) {
    if (after.status == MediaStatus::kSoftDeleted) return "deleted";
    if (before.status == MediaStatus::kSoftDeleted) return "restored";
    if (after.status == MediaStatus::kReady) return "ready";
    if (after.status == MediaStatus::kErrored) return "errored";
  }
  return has_other_description(before, after) ? "updated" : "";
}

void put_changed(store::Transaction& transaction, const Media& media) {
  const std::string key = keys::media(media.tenant, media.id);
  std::string listed = keys::media_time(media.tenant, media.created_ms, media.id);
  transaction.require(key, media.revision);
  transaction.put(key, encode(media));
  if (media.status == MediaStatus::kSoftDeleted) {
    transaction.erase(std::move(listed));
  } else {
    transaction.put(std::move(listed), {});
  }
}

rt::Status mark_recovered(Media& media) {
  if (media.status != MediaStatus::kSoftDeleted) return rt::fail(Code::kConflict, "the media is not deleted");
  media.status = media.status_before_delete;
  media.deleted_ms = 0;
  return {};
}

}  // namespace

rt::Task<rt::Result<Media>> Catalog::get(std::string tenant, std::string id) {
  auto record = co_await get_record(store_, keys::media(tenant, id), "media");
  if (!record) co_return rt::pass(record);
  co_return decode_media(*record);
}

rt::Task<rt::Result<Page<Media>>> Catalog::list(std::string tenant, Query query) {
  if (query.filters.empty() && query.sort.empty()) {
    co_return co_await newest<Media>(store_, tenant, keys::media_times(tenant), keys::media, decode_media, query);
  }
  auto all = co_await load_all<Media>(store_, keys::medias(tenant), decode_media);
  if (!all) co_return rt::pass(all);
  if (!asks_for_deleted(query)) {
    std::erase_if(*all, [](const Media& media) { return media.status == MediaStatus::kSoftDeleted; });
  }
  co_return select<Media>(std::move(*all), query, kFields);
}

rt::Task<rt::Result<Page<Media>>> Catalog::list(std::string tenant, Query query, MediaFilter wanted) {
  auto all = co_await load_all<Media>(store_, keys::medias(tenant), decode_media);
  if (!all) co_return rt::pass(all);
  std::erase_if(*all, [&](const Media& media) { return media.status == MediaStatus::kSoftDeleted || !wanted(media); });
  co_return select<Media>(std::move(*all), query, kFields);
}

rt::Task<rt::Result<Media>> Catalog::update(std::string tenant, std::string id,
                                            std::function<rt::Status(Media&)> edit) {
  for (int round = 0; round < kUpdateRounds; ++round) {
    auto media = co_await get(tenant, id);
    if (!media) co_return media;
    const Media before = *media;
    auto edited = edit(*media);
    if (!edited) co_return rt::pass(edited);
    media->updated_ms = clock_();
    store::Transaction transaction;
    put_changed(transaction, *media);
    const std::string_view what = what_happened(before, *media);
    if (!what.empty()) add_event(transaction, event_of(*media, what), media->updated_ms);
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) {
      media->revision = *committed;
      co_return media;
    }
    if (committed.error().code != Code::kConflict) co_return rt::pass(committed);
  }
  co_return rt::fail(Code::kUnavailable, "the media is changed too often");
}

rt::Task<rt::Result<Media>> Catalog::patch(std::string tenant, std::string id, MediaPatch change) {
  auto good = check_patch(change);
  if (!good) co_return rt::pass(good);
  if (change.channel_id) {
    auto channel = co_await store_.get(keys::channel(tenant, *change.channel_id));
    if (!channel) co_return rt::pass(channel);
    if (!*channel) co_return rt::fail(Code::kInvalid, "no such channel", "channelId");
  }
  const auto edit = [change](Media& media) -> rt::Status {
    if (media.status == MediaStatus::kSoftDeleted) return rt::fail(Code::kConflict, "the media is deleted");
    return apply_patch(change, media);
  };
  co_return co_await update(tenant, id, edit);
}

rt::Task<rt::Result<Media>> Catalog::remove(std::string tenant, std::string id, bool hard) {
  if (hard) co_return co_await destroy(tenant, id);
  const std::int64_t now_ms = clock_();
  const auto edit = [now_ms](Media& media) { return mark_deleted(media, now_ms); };
  co_return co_await update(tenant, id, edit);
}

rt::Task<rt::Result<Media>> Catalog::destroy(std::string tenant, std::string id) {
  for (int round = 0; round < kUpdateRounds; ++round) {
    auto media = co_await get(tenant, id);
    if (!media) co_return media;
    auto committed = co_await try_destroy(*media);
    if (committed) co_return media;
    if (committed.error().code != Code::kConflict) co_return rt::pass(committed);
  }
  co_return rt::fail(Code::kUnavailable, "the media is changed too often");
}

rt::Task<rt::Result<store::Revision>> Catalog::try_destroy(const Media& media) {
  const std::string key = keys::media(media.tenant, media.id);
  const std::string print = keys::fingerprint(media.crc64nvme, media.size_bytes);
  store::Transaction transaction;
  transaction.require(key, media.revision);
  transaction.erase(key);
  transaction.erase(keys::media_time(media.tenant, media.created_ms, media.id));
  transaction.erase(keys::same(media.tenant, print, media.id));
  transaction.remove(media.object);
  // A soft-deleted one was told of before.
  if (media.status != MediaStatus::kSoftDeleted) add_event(transaction, event_of(media, "deleted"), clock_());
  erase_playback_place(transaction, media);
  auto erased = co_await erase_renditions_of(media, transaction);
  if (erased) erased = co_await erase_transcripts(store_, transaction, media);
  if (!erased) co_return rt::pass(erased);

  auto last = co_await store_.get(keys::same_last(media.tenant, print));
  if (!last) co_return rt::pass(last);
  store::Scan scan{.prefix = keys::same(media.tenant, print), .after = {}, .limit = 2};
  auto others = co_await store_.scan(std::move(scan));
  if (!others) co_return rt::pass(others);
  if (*last && others->size() == 1) {
    transaction.require((*last)->key, (*last)->revision);
    transaction.erase((*last)->key);
  }
  co_return co_await store_.commit(std::move(transaction));
}

// Whoever writes more of them changes the media too, and so comes before or fails.
rt::Task<rt::Status> Catalog::erase_renditions_of(const Media& media, store::Transaction& transaction) {
  auto renditions = co_await Renditions(store_).of_media(media.tenant, media.id);
  if (!renditions) co_return rt::pass(renditions);
  for (const Rendition& rendition : *renditions) erase_rendition(transaction, rendition);
  co_return rt::Status();
}

rt::Task<rt::Result<Media>> Catalog::recover(std::string tenant, std::string id) {
  co_return co_await update(tenant, id, mark_recovered);
}

std::uint64_t Catalog::stamp(const std::string& tenant, const std::string& id) const {
  return store_.stamp(keys::media(tenant, id));
}

rt::Task<rt::Result<Original>> Catalog::original(std::string tenant, std::string id) {
  auto media = co_await get(tenant, id);
  if (!media) co_return rt::pass(media);
  if (media->status == MediaStatus::kSoftDeleted) co_return rt::fail(Code::kNotFound, "the media is deleted");
  co_return Original{.object = media->object,
                     .size_bytes = media->size_bytes,
                     .etag = keys::fingerprint(media->crc64nvme, media->size_bytes),
                     .content_type = media->content_type,
                     .file_name = media->file_name,
                     .modified_ms = media->created_ms};
}

}  // namespace millrace::media
