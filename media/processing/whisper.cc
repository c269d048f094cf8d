// whisper.cpp: hears the whole at once, as well as its model does.
#include "media/processing/speech_engines.h"
#include "media/processing/tool.h"
#include "media/transcripts/engine_output.h"

namespace millrace::media {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<Word>;

constexpr const char* kWhisperFile = "words.json";
constexpr std::uint64_t kWhisperMemoryBytes = 16ull << 30;  // of address space: the model is mapped
constexpr std::int64_t kWhisperDeadlineFirstMs = 600'000;
constexpr std::int64_t kWhisperDeadlineFactor = 20;

// A word for each segment, as JSON. The jail shows program and model below names of its own.
Tool whisper(const SpeechOptions& options, bool jailed, std::string language, std::int64_t duration_ms) {
  const fs::path program = options.whisper;
  Tool tool;
  if (jailed) tool.limits.shown = {{program.parent_path(), "/engine"}, {options.whisper_model, "/model"}};
  tool.command = {jailed ? "/engine/" + program.filename().string() : program.string(),
                  "-m",
                  jailed ? "/model" : options.whisper_model,
                  "-f",
                  kSoundFile,
                  "-l",
                  std::move(language),
                  "-t",
                  std::to_string(options.threads),
                  "-oj",
                  "-of",
                  "words",
                  "-ml",
                  "1",
                  "-sow",
                  "-np"};
  tool.limits.memory_bytes = kWhisperMemoryBytes;
  tool.limits.deadline_ms = kWhisperDeadlineFirstMs + kWhisperDeadlineFactor * duration_ms;
  tool.limits.cpu_seconds = static_cast<std::uint64_t>(tool.limits.deadline_ms / 1000) * options.threads;
  tool.on_stdout = [](std::string_view) {};  // the text, which the file has too
  tool.doing = "whisper.cpp could not hear it";
  return tool;
}

}  // namespace

rt::Task<rt::Result<Words>> hear_with_whisper(const SpeechOptions& options, Jail& jail, Workspace& workspace,
                                              const Sound& sound, std::string language, JobRun& run) {
  Tool tool = whisper(options, jail.enabled(), std::move(language), sound.duration_ms);
  const auto ran = co_await run_tool(jail, sound.directory, std::move(tool), run);
  if (!ran) co_return std::unexpected(ran.error());
  co_return co_await workspace.io().run([&]() -> rt::Result<Words> {
    const auto text = read_engine_output(sound.directory / kWhisperFile);
    if (!text) return std::unexpected(text.error());
    return parse_whisper(*text);
  });
}

}  // namespace millrace::media
