// Transcribe: the job that writes down what is said in a media, language by language; each is kept as soon as it is
// heard. A language that no engine hears, or that cannot be heard in this media, is recorded as failed with the reason;
// the media stays as it is. On the queue's loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/catalog/catalog.h"
#include "media/jail/jail.h"
#include "media/jobs/jobs.h"
#include "media/processing/speech.h"
#include "media/processing/workspace.h"
#include "media/records/clock.h"
#include "media/transcripts/transcription.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::media {

struct TranscribeOptions {
  SpeechOptions speech = {};
  std::string ffmpeg = "/usr/bin/ffmpeg";
  std::string language = "en";                // when a media asks for none
  std::int64_t sound_ms_max = 4 * 3'600'000;  // longer sound is not transcribed
};

class Transcriber {
 public:
  // All outlive it.
  Transcriber(Jobs& jobs, Catalog& catalog, Transcription& transcription, Jail& jail, Workspace& workspace,
              TranscribeOptions options, Clock clock = system_clock_ms)
      : jobs_(jobs),
        catalog_(catalog),
        transcription_(transcription),
        jail_(jail),
        workspace_(workspace),
        options_(std::move(options)),
        clock_(clock) {}

  JobKind kind();

 private:
  using Languages = std::vector<std::string>;

  rt::Task<rt::Status> run(JobRun& run);
  rt::Task<bool> is_wanted(const Job& job);
  rt::Task<rt::Status> gave_up(const Job& job, std::string reason);
  rt::Task<rt::Result<Languages>> pending(const Media& media, const Job& job);
  rt::Task<rt::Status> hear_all(Media media, Languages languages, std::filesystem::path directory, JobRun& run);
  rt::Task<rt::Result<Sound>> extract(const Media& media, std::filesystem::path directory, JobRun& run);
  rt::Task<rt::Status> keep(Media media, std::string language, SpeechEngine engine, std::vector<Word> words);
  rt::Task<rt::Status> keep_failure(Media media, std::string language, std::string reason);

  Jobs& jobs_;
  Catalog& catalog_;
  Transcription& transcription_;
  Jail& jail_;
  Workspace& workspace_;
  const TranscribeOptions options_;
  const Clock clock_;
};

}  // namespace millrace::media
