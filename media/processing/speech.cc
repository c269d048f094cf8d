#include "media/processing/speech.h"

#include <algorithm>

#include "media/processing/speech_engines.h"
#include "media/transcripts/engine_output.h"
#include "server/rt/text.h"

namespace millrace::media {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<Word>;

// The primary subtag in lower case; empty unless it is two or three letters (RFC 5646 §2.2.1).
std::string primary(std::string_view language) {
  const std::string tag = rt::lowered(language.substr(0, language.find_first_of("-_")));
  const bool good =
      tag.size() >= 2 && tag.size() <= 3 && std::ranges::all_of(tag, [](char c) { return c >= 'a' && c <= 'z'; });
  return good ? tag : std::string();
}

bool whisper_hears(const std::string& tag, const SpeechOptions& options) {
  if (options.whisper.empty() || options.whisper_model.empty() || tag.empty()) return false;
  const bool english_alone = fs::path(options.whisper_model).filename().string().contains(".en");
  return !english_alone || tag == "en";
}

}  // namespace

rt::Result<std::string> read_engine_output(const fs::path& path) {
  auto opened = open_result(path);
  if (!opened) return rt::pass(opened);
  return read_at(opened->first.descriptor(), 0, std::min<std::uint64_t>(opened->second, kEngineBytesMax + 1));
}

std::string_view word(SpeechEngine engine) {
  constexpr std::string_view kWords[] = {"", "pocketsphinx", "whisper.cpp"};
  return kWords[static_cast<std::size_t>(engine)];
}

SpeechEngine engine_for(std::string_view language, const SpeechOptions& options) {
  const std::string tag = primary(language);
  if (whisper_hears(tag, options)) return SpeechEngine::kWhisper;
  return tag == "en" ? SpeechEngine::kPocketsphinx : SpeechEngine::kNone;
}

rt::Task<rt::Result<Words>> hear(SpeechEngine engine, const SpeechOptions& options, Jail& jail, Workspace& workspace,
                                 const Sound& sound, std::string language, Share share, JobRun& run) {
  if (engine == SpeechEngine::kWhisper) {
    co_return co_await hear_with_whisper(options, jail, workspace, sound, primary(language), run);
  }
  co_return co_await hear_with_pocketsphinx(options, jail, workspace, sound, share, run);
}

}  // namespace millrace::media
