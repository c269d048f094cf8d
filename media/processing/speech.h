// Speech: the engines that hear words in sound, run in the jail. pocketsphinx with Debian's English model works out of
// the box; whisper.cpp hears more when the operator has it. On the queue's loop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "media/jail/jail.h"
#include "media/jobs/jobs.h"
#include "media/processing/workspace.h"
#include "media/transcripts/transcript.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::media {

enum class SpeechEngine : std::uint8_t { kNone, kPocketsphinx, kWhisper };
// "pocketsphinx", "whisper.cpp"; "" for none.
std::string_view word(SpeechEngine engine);

struct SpeechOptions {
  std::string pocketsphinx = "/usr/bin/pocketsphinx_batch";
  std::string pocketsphinx_model = "/usr/share/pocketsphinx/model/en-us";  // below /usr, which the jail shows
  std::string whisper = {};        // whisper.cpp's main or whisper-cli, by its absolute path; empty: none
  std::string whisper_model = {};  // a ggml file; one for English alone has ".en" in its name
  std::uint32_t threads = 2;
};

// Who hears this language (a BCP 47 tag) best.
SpeechEngine engine_for(std::string_view language, const SpeechOptions& options);

// Sound as engines want it, in the job's directory: a WAV file of 16 bits, one channel, 16 kHz.
struct Sound {
  std::filesystem::path directory;
  std::uint64_t bytes = 0;  // with the header
  std::int64_t duration_ms = 0;
};
inline constexpr const char* kSoundFile = "sound.wav";
inline constexpr std::uint64_t kWavHeaderBytes = 44;

// Percentages `from` to `to` of the job are this work's.
struct Share {
  std::uint32_t from = 0;
  std::uint32_t to = 100;
};

// kUnprocessable, with a reason, when the engine cannot; others may pass.
rt::Task<rt::Result<std::vector<Word>>> hear(SpeechEngine engine, const SpeechOptions& options, Jail& jail,
                                             Workspace& workspace, const Sound& sound, std::string language,
                                             Share share, JobRun& run);

}  // namespace millrace::media
