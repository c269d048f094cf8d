// Transcription: which languages of a media are asked for, and what became of each. Asking is a transaction that also
// queues the job (media/processing/transcribe.h), so nothing that was acknowledged is forgotten. Any loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/catalog/media.h"
#include "media/jobs/jobs.h"
#include "media/records/clock.h"
#include "media/transcripts/transcript.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

enum class TranscriptStatus : std::uint8_t { kQueued, kReady, kFailed };
// "queued", "ready", "failed".
std::string_view word(TranscriptStatus status);

// One language of one media.
struct TranscriptState {
  std::string language;
  TranscriptStatus status = TranscriptStatus::kQueued;
  std::string error = {};                     // of a failed one, in words
  std::optional<Transcript> transcript = {};  // of a ready one
};

class Transcription {
 public:
  Transcription(store::Store& store, Jobs& jobs, Clock clock = system_clock_ms)
      : store_(store), jobs_(jobs), clock_(clock) {}

  // Asks for languages on top of those asked for before. One that is queued or ready is not asked for again, one that
  // failed is. kInvalid, the field transcriptLanguageCodes; kConflict when the media is deleted.
  rt::Task<rt::Result<Media>> ask(std::string tenant, std::string media_id, std::vector<std::string> languages);

  // Those asked for, in their order, then others that there are.
  rt::Task<rt::Result<std::vector<TranscriptState>>> states(const Media& media);

  // The outcome for one language; kConflict when the media changed since it was read, kNotFound when it has gone.
  rt::Task<rt::Status> keep(Media media, Transcript transcript);
  rt::Task<rt::Status> keep_failure(Media media, std::string language, std::string reason);

 private:
  rt::Task<rt::Result<Media>> try_ask(Media media, const std::vector<std::string>& languages);
  rt::Task<rt::Result<Media>> load(std::string tenant, std::string media_id);

  store::Store& store_;
  Jobs& jobs_;
  const Clock clock_;
};

// With the media, in the transaction that ends it.
rt::Task<rt::Status> erase_transcripts(store::Store& store, store::Transaction& transaction, const Media& media);

// The payload of a job: the languages to listen for; empty for all that are asked for.
std::string transcribe_payload(const std::vector<std::string>& languages);
std::vector<std::string> transcribe_languages(std::string_view payload);

}  // namespace millrace::media
