#include "media/transcripts/transcription.h"

#include <algorithm>

#include "media/processing/steps.h"
#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/records/limits.h"
#include "media/records/records.h"
#include "media/transcripts/transcripts.h"

namespace millrace::media {
namespace {

using rt::Code;
using Languages = std::vector<std::string>;

// Each lost race means that another change won.
constexpr int kRounds = 16;
// Languages hold no control characters (check_languages).
constexpr char kBetweenLanguages = '\n';

bool has(const Languages& languages, std::string_view language) {
  return std::ranges::find(languages, language) != languages.end();
}

void add(Languages& languages, const std::string& language) {
  if (!has(languages, language)) languages.push_back(language);
}

Languages missing(const std::vector<TranscriptState>& states, const Languages& asked_before, const Languages& wanted) {
  Languages languages;
  for (const std::string& language : wanted) {
    const auto state = std::ranges::find(states, language, &TranscriptState::language);
    const bool failed = state != states.end() && state->status == TranscriptStatus::kFailed;
    const bool ready = state != states.end() && state->status == TranscriptStatus::kReady;
    if (failed || (!ready && !has(asked_before, language))) add(languages, language);
  }
  return languages;
}

}  // namespace

std::string_view word(TranscriptStatus status) {
  constexpr std::string_view kWords[] = {"queued", "ready", "failed"};
  return kWords[static_cast<std::size_t>(status)];
}

rt::Task<rt::Result<Media>> Transcription::load(std::string tenant, std::string media_id) {
  auto record = co_await get_record(store_, keys::media(tenant, media_id), "media");
  if (!record) co_return rt::pass(record);
  co_return decode_media(*record);
}

rt::Task<rt::Result<Media>> Transcription::ask(std::string tenant, std::string media_id, Languages languages) {
  for (int round = 0; round < kRounds; ++round) {
    auto media = co_await load(tenant, media_id);
    if (!media) co_return media;
    if (media->status == MediaStatus::kSoftDeleted) co_return rt::fail(Code::kConflict, "the media is deleted");
    auto asked = co_await try_ask(std::move(*media), languages);
    if (asked || asked.error().code != Code::kConflict) co_return asked;
  }
  co_return rt::fail(Code::kUnavailable, "the media is changed too often");
}

rt::Task<rt::Result<Media>> Transcription::try_ask(Media media, const Languages& languages) {
  Languages all = media.transcript_languages;
  for (const std::string& language : languages) add(all, language);
  auto good = check_languages(all);
  if (!good) co_return rt::pass(good);
  const auto known = co_await states(media);
  if (!known) co_return std::unexpected(known.error());
  const Languages queued = missing(*known, media.transcript_languages, languages);
  if (queued.empty() && all.size() == media.transcript_languages.size()) co_return media;

  media.transcript_languages = std::move(all);
  media.updated_ms = clock_();
  const std::string key = keys::media(media.tenant, media.id);
  store::Transaction transaction;
  transaction.require(key, media.revision);
  transaction.put(key, encode(media));
  for (const std::string& language : queued) {
    transaction.erase(keys::failed_transcript(media.tenant, media.id, language));
  }
  if (!queued.empty()) {
    jobs_.add_to(transaction, {.kind = std::string(kTranscribeKind),
                               .tenant = media.tenant,
                               .subject = media.id,
                               .payload = transcribe_payload(queued),
                               .priority = Priority::kLow});
  }
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  jobs_.wake();
  media.revision = *committed;
  co_return media;
}

rt::Task<rt::Result<std::vector<TranscriptState>>> Transcription::states(const Media& media) {
  std::vector<TranscriptState> all;
  for (const std::string& language : media.transcript_languages) all.push_back({.language = language});
  const auto state_of = [&](const std::string& language) -> TranscriptState& {
    const auto found = std::ranges::find(all, language, &TranscriptState::language);
    return found != all.end() ? *found : all.emplace_back(TranscriptState{.language = language});
  };
  auto failures = co_await scan_all(store_, keys::failed_transcripts(media.tenant, media.id));
  if (!failures) co_return rt::pass(failures);
  for (store::Record& record : *failures) {
    TranscriptState& state = state_of(keys::last_part(record.key));
    state.status = TranscriptStatus::kFailed;
    state.error = std::move(record.value);
  }
  auto transcripts = co_await Transcripts(store_).of_media(media.tenant, media.id);
  if (!transcripts) co_return rt::pass(transcripts);
  for (Transcript& transcript : *transcripts) {
    TranscriptState& state = state_of(transcript.language);
    state.status = TranscriptStatus::kReady;
    state.error.clear();
    state.transcript = std::move(transcript);
  }
  co_return all;
}

rt::Task<rt::Status> Transcription::keep(Media media, Transcript transcript) {
  auto old = co_await Transcripts(store_).of_media(media.tenant, media.id);
  if (!old) co_return rt::pass(old);
  store::Transaction transaction;
  transaction.require(keys::media(media.tenant, media.id), media.revision);
  const auto same = std::ranges::find(*old, transcript.language, &Transcript::language);
  if (same != old->end()) transaction.erase(keys::transcript_place(same->id));
  transaction.erase(keys::failed_transcript(media.tenant, media.id, transcript.language));
  put_transcript(transaction, transcript);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return rt::Status();
}

rt::Task<rt::Status> Transcription::keep_failure(Media media, std::string language, std::string reason) {
  store::Transaction transaction;
  transaction.require(keys::media(media.tenant, media.id), media.revision);
  transaction.put(keys::failed_transcript(media.tenant, media.id, language), std::move(reason));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return rt::Status();
}

rt::Task<rt::Status> erase_transcripts(store::Store& store, store::Transaction& transaction, const Media& media) {
  auto transcripts = co_await Transcripts(store).of_media(media.tenant, media.id);
  if (!transcripts) co_return rt::pass(transcripts);
  for (const Transcript& transcript : *transcripts) erase_transcript(transaction, transcript);
  auto failures = co_await scan_all(store, keys::failed_transcripts(media.tenant, media.id));
  if (!failures) co_return rt::pass(failures);
  for (store::Record& record : *failures) transaction.erase(std::move(record.key));
  co_return rt::Status();
}

std::string transcribe_payload(const Languages& languages) {
  std::string payload;
  for (const std::string& language : languages) {
    if (!payload.empty()) payload += kBetweenLanguages;
    payload += language;
  }
  return payload;
}

Languages transcribe_languages(std::string_view payload) {
  Languages languages;
  while (!payload.empty()) {
    const std::size_t end = std::min(payload.find(kBetweenLanguages), payload.size());
    languages.emplace_back(payload.substr(0, end));
    payload.remove_prefix(std::min(end + 1, payload.size()));
  }
  return languages;
}

}  // namespace millrace::media
