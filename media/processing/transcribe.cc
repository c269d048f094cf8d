#include "media/processing/transcribe.h"

#include <algorithm>

#include "media/processing/ffmpeg.h"
#include "media/processing/tool.h"
#include "media/processing/watch.h"
#include "media/records/id.h"
#include "media/transcripts/quiet_cuts.h"

namespace millrace::media {
namespace {

using rt::Code;

// Each lost race means that another change of the media won.
constexpr int kRounds = 16;
// Each tool has its own deadline; this only bounds how many of them there can be.
constexpr std::int64_t kLeaseMs = 7LL * 24 * 3'600'000;
constexpr std::int64_t kExtractDeadlineFirstMs = 120'000;
constexpr std::uint64_t kBytesPerSecond = kSamplesPerSecond * sizeof(std::int16_t);
constexpr std::uint32_t kExtractPercent = 10;

std::uint64_t sound_bytes(std::int64_t ms) {
  return kWavHeaderBytes + static_cast<std::uint64_t>(ms) * kBytesPerSecond / 1000;
}

// A second more than is taken, so that too much shows.
Tool extraction(const TranscribeOptions& options) {
  Tool tool;
  tool.command = {options.ffmpeg, "-nostdin", "-v", "error"};
  for (std::string& guard : input_guards()) tool.command.push_back(std::move(guard));
  const std::string seconds = std::to_string(options.sound_ms_max / 1000 + 1);
  for (const std::string& argument :
       {std::string("-i"), std::string(kInputFile), std::string("-map"), std::string("0:a:0"), std::string("-t"),
        seconds, std::string("-ac"), std::string("1"), std::string("-ar"), std::to_string(kSamplesPerSecond),
        std::string("-c:a"), std::string("pcm_s16le"), std::string("-bitexact"), std::string("-f"), std::string("wav"),
        std::string(kSoundFile)}) {
    tool.command.push_back(argument);
  }
  tool.limits.deadline_ms = kExtractDeadlineFirstMs + options.sound_ms_max / 4;
  tool.limits.cpu_seconds = static_cast<std::uint64_t>(tool.limits.deadline_ms / 1000);
  tool.limits.file_bytes = std::max<std::uint64_t>(tool.limits.file_bytes, sound_bytes(options.sound_ms_max + 2'000));
  tool.doing = "its sound cannot be read";
  return tool;
}

bool is_final(const rt::Error& error) { return error.code == Code::kUnprocessable || error.code == Code::kInvalid; }

std::string nobody_hears(const std::string& language) { return "no speech engine here hears the language " + language; }

}  // namespace

JobKind Transcriber::kind() {
  JobKind kind;
  kind.run = [this](JobRun& job) { return run(job); };
  kind.gave_up = [this](const Job& job, const rt::Error& error) { return gave_up(job, error.message); };
  kind.lease_ms = kLeaseMs;
  return kind;
}

rt::Task<rt::Status> Transcriber::run(JobRun& run) {
  auto media = co_await catalog_.get(run.job().tenant, run.job().subject);
  if (!media) co_return rt::pass(media);
  auto wanted = co_await pending(*media, run.job());
  if (!wanted) co_return rt::pass(wanted);

  Languages heard;
  for (const std::string& language : *wanted) {
    if (engine_for(language, options_.speech) != SpeechEngine::kNone) {
      heard.push_back(language);
      continue;
    }
    auto failed = co_await keep_failure(*media, language, nobody_hears(language));
    if (!failed) co_return failed;
  }
  if (heard.empty()) co_return rt::Status();

  const std::int64_t sound_ms =
      media->probe.duration_ms > 0 ? std::min(media->probe.duration_ms, options_.sound_ms_max) : options_.sound_ms_max;
  auto directory = co_await workspace_.open(run.job().id, media->size_bytes + sound_bytes(sound_ms));
  if (!directory) co_return rt::pass(directory);
  Watch watch(jobs_, run, [&] { return is_wanted(run.job()); });
  auto done = co_await hear_all(std::move(*media), std::move(heard), *directory, run);
  co_await watch.end();
  co_await workspace_.close(*directory);
  co_return done;
}

// As long as the store does not say otherwise.
rt::Task<bool> Transcriber::is_wanted(const Job& job) {
  auto media = co_await catalog_.get(job.tenant, job.subject);
  co_return media || media.error().code != Code::kNotFound;
}

rt::Task<rt::Status> Transcriber::gave_up(const Job& job, std::string reason) {
  auto media = co_await catalog_.get(job.tenant, job.subject);
  if (!media && media.error().code == Code::kNotFound) co_return rt::Status();
  if (!media) co_return rt::pass(media);
  auto languages = co_await pending(*media, job);
  if (!languages) co_return rt::pass(languages);
  for (const std::string& language : *languages) {
    auto failed = co_await keep_failure(*media, language, reason);
    if (!failed) co_return failed;
  }
  co_return rt::Status();
}

// Those the job is for, or all that are asked for, without those that have their outcome.
rt::Task<rt::Result<Transcriber::Languages>> Transcriber::pending(const Media& media, const Job& job) {
  Languages languages = transcribe_languages(job.payload);
  if (languages.empty()) languages = media.transcript_languages;
  if (languages.empty()) languages = {options_.language};
  const auto states = co_await transcription_.states(media);
  if (!states) co_return std::unexpected(states.error());
  std::erase_if(languages, [&](const std::string& language) {
    return std::ranges::any_of(*states, [&](const TranscriptState& state) {
      return state.language == language && state.status != TranscriptStatus::kQueued;
    });
  });
  co_return languages;
}

rt::Task<rt::Status> Transcriber::hear_all(Media media, Languages languages, std::filesystem::path directory,
                                           JobRun& run) {
  const auto sound = co_await extract(media, directory, run);
  if (!sound && !is_final(sound.error())) co_return std::unexpected(sound.error());
  for (std::size_t i = 0; i < languages.size(); ++i) {
    const std::string& language = languages[i];
    rt::Result<std::vector<Word>> words = sound ? rt::Result<std::vector<Word>>() : std::unexpected(sound.error());
    const SpeechEngine engine = engine_for(language, options_.speech);
    const auto part = [&](std::size_t n) {
      return kExtractPercent + static_cast<std::uint32_t>((100 - kExtractPercent) * n / languages.size());
    };
    if (sound) {
      words = co_await hear(engine, options_.speech, jail_, workspace_, *sound, language, {part(i), part(i + 1)}, run);
    }
    rt::Status kept;
    if (words) {
      kept = co_await keep(media, language, engine, std::move(*words));
    } else if (is_final(words.error())) {
      kept = co_await keep_failure(media, language, words.error().message);
    } else {
      co_return std::unexpected(words.error());
    }
    if (!kept) co_return kept;
  }
  co_return rt::Status();
}

rt::Task<rt::Result<Sound>> Transcriber::extract(const Media& media, std::filesystem::path directory, JobRun& run) {
  auto laid = co_await workspace_.lay_whole(media.object, media.size_bytes, directory / kInputFile, run);
  if (!laid) co_return rt::pass(laid);
  const auto ran = co_await run_tool(jail_, directory, extraction(options_), run);
  if (!ran) co_return std::unexpected(ran.error());
  const auto opened = co_await workspace_.io().run([&] { return open_result(directory / kSoundFile); });
  if (!opened) co_return std::unexpected(opened.error());
  Sound sound{.directory = directory, .bytes = opened->second};
  if (sound.bytes <= kWavHeaderBytes) co_return rt::fail(Code::kUnprocessable, "there is no sound in it");
  sound.duration_ms = static_cast<std::int64_t>((sound.bytes - kWavHeaderBytes) * 1000 / kBytesPerSecond);
  if (sound.duration_ms > options_.sound_ms_max) {
    co_return rt::fail(Code::kUnprocessable, "its sound is longer than the " +
                                                 std::to_string(options_.sound_ms_max / 1000) +
                                                 " s that are transcribed at most");
  }
  co_await run.progress(kExtractPercent);
  co_return sound;
}

rt::Task<rt::Status> Transcriber::keep(Media media, std::string language, SpeechEngine engine,
                                       std::vector<Word> words) {
  Transcript transcript{.id = new_uuid(),
                        .tenant = media.tenant,
                        .media_id = media.id,
                        .language = std::move(language),
                        .engine = std::string(word(engine)),
                        .words = std::move(words),
                        .created_ms = clock_()};
  rt::Status kept;
  for (int round = 0; round < kRounds; ++round) {
    kept = co_await transcription_.keep(media, transcript);
    if (kept || kept.error().code != Code::kConflict) co_return kept;
    auto current = co_await catalog_.get(media.tenant, media.id);
    if (!current) co_return rt::pass(current);
    media = std::move(*current);
  }
  co_return kept;
}

rt::Task<rt::Status> Transcriber::keep_failure(Media media, std::string language, std::string reason) {
  rt::Status kept;
  for (int round = 0; round < kRounds; ++round) {
    kept = co_await transcription_.keep_failure(media, language, reason);
    if (kept || kept.error().code != Code::kConflict) co_return kept;
    auto current = co_await catalog_.get(media.tenant, media.id);
    if (!current) co_return rt::pass(current);
    media = std::move(*current);
  }
  co_return kept;
}

}  // namespace millrace::media
