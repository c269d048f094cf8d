#include "media/processing/speech.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "media/processing/tool.h"
#include "media/transcripts/engine_output.h"
#include "media/transcripts/quiet_cuts.h"
#include "server/rt/text.h"

namespace millrace::media {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<Word>;

constexpr std::uint64_t kFrameBytes = kFrameSamples * sizeof(std::int16_t);
constexpr std::int64_t kFrameMs = 20;
constexpr std::size_t kReadFrames = 4096;

constexpr const char* kPieceFile = "piece.raw";
constexpr const char* kListFile = "pieces";
constexpr const char* kCtmFile = "words.ctm";
constexpr const char* kWhisperFile = "words.json";

// Hearing 30 s takes about as long; a busy host may take many times that.
constexpr std::int64_t kPieceDeadlineMs = 900'000;
constexpr std::uint64_t kPieceCpuSeconds = 600;
constexpr std::uint64_t kWhisperMemoryBytes = 16ull << 30;  // of address space: the model is mapped
constexpr std::int64_t kWhisperDeadlineFirstMs = 600'000;
constexpr std::int64_t kWhisperDeadlineFactor = 20;

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

rt::Status write_file(const fs::path& path, std::string_view bytes) {
  std::error_code ignored;
  fs::remove(path, ignored);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  const JobFile file(descriptor);
  while (descriptor >= 0 && !bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  if (descriptor >= 0 && bytes.empty()) return {};
  const auto code = errno == ENOSPC ? rt::Code::kFull : rt::Code::kIo;
  return rt::fail(code, std::string("write a job's file: ") + std::strerror(errno));
}

// Where to cut the sound. Reads all of it in small parts.
rt::Result<std::vector<FrameRun>> pieces_of(const Sound& sound) {
  auto opened = open_result(sound.directory / kSoundFile);
  if (!opened) return rt::pass(opened);
  std::vector<std::uint16_t> loudness;
  std::vector<std::int16_t> samples;
  for (std::uint64_t at = kWavHeaderBytes; at < sound.bytes; at += kReadFrames * kFrameBytes) {
    const std::string bytes = read_at(opened->first.descriptor(), at, kReadFrames * kFrameBytes);
    samples.resize(bytes.size() / sizeof(std::int16_t));
    std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(std::int16_t));
    const auto more = loudness_of(samples);
    loudness.insert(loudness.end(), more.begin(), more.end());
  }
  return cut_where_quiet(loudness);
}

// Lays a piece out for the engine, without what it wrote of the one before.
rt::Status lay_piece(const Sound& sound, const FrameRun& piece) {
  auto opened = open_result(sound.directory / kSoundFile);
  if (!opened) return rt::pass(opened);
  const std::string bytes =
      read_at(opened->first.descriptor(), kWavHeaderBytes + piece.first * kFrameBytes, piece.count * kFrameBytes);
  std::error_code ignored;
  fs::remove(sound.directory / kCtmFile, ignored);
  auto written = write_file(sound.directory / kPieceFile, bytes);
  if (written) written = write_file(sound.directory / kListFile, "piece\n");
  return written;
}

// No more than the limit and one byte, which is too many.
rt::Result<std::string> read_output(const fs::path& path) {
  auto opened = open_result(path);
  if (!opened) return rt::pass(opened);
  return read_at(opened->first.descriptor(), 0, std::min<std::uint64_t>(opened->second, kEngineBytesMax + 1));
}

// The model hears best with a beam wider than usual; silence stays in, or the times would be without it.
Tool pocketsphinx(const SpeechOptions& options) {
  const std::string& model = options.pocketsphinx_model;
  Tool tool;
  tool.command = {options.pocketsphinx,
                  "-hmm",
                  model + "/en-us",
                  "-lm",
                  model + "/en-us.lm.bin",
                  "-dict",
                  model + "/cmudict-en-us.dict",
                  "-logfn",
                  "/dev/null",
                  "-adcin",
                  "yes",
                  "-adchdr",
                  "0",
                  "-cepdir",
                  ".",
                  "-cepext",
                  ".raw",
                  "-ctl",
                  kListFile,
                  "-ctm",
                  kCtmFile,
                  "-remove_silence",
                  "no",
                  "-remove_noise",
                  "no",
                  "-lw",
                  "8",
                  "-fwdflatlw",
                  "10",
                  "-maxhmmpf",
                  "60000",
                  "-beam",
                  "1e-60",
                  "-wbeam",
                  "1e-40",
                  "-pbeam",
                  "1e-60"};
  tool.limits.cpu_seconds = kPieceCpuSeconds;
  tool.limits.deadline_ms = kPieceDeadlineMs;
  tool.doing = "pocketsphinx could not hear it";
  return tool;
}

rt::Result<Words> words_of_piece(const Sound& sound, const FrameRun& piece) {
  const auto text = read_output(sound.directory / kCtmFile);
  if (!text) return std::unexpected(text.error());
  auto words = parse_ctm(*text);
  if (!words) return words;
  const auto from_ms = static_cast<std::int64_t>(piece.first) * kFrameMs;
  for (Word& word : *words) {
    word.start_ms += from_ms;
    word.end_ms += from_ms;
  }
  return words;
}

std::uint32_t percent(Share share, std::size_t done, std::size_t of) {
  return share.from + static_cast<std::uint32_t>((share.to - share.from) * done / std::max<std::size_t>(of, 1));
}

rt::Task<rt::Result<Words>> hear_with_pocketsphinx(const SpeechOptions& options, Jail& jail, Workspace& workspace,
                                                   const Sound& sound, Share share, JobRun& run) {
  const auto pieces = co_await workspace.io().run([&] { return pieces_of(sound); });
  if (!pieces) co_return std::unexpected(pieces.error());
  Words all;
  for (std::size_t i = 0; i < pieces->size(); ++i) {
    const FrameRun piece = (*pieces)[i];
    const rt::Status laid = co_await workspace.io().run([&] { return lay_piece(sound, piece); });
    if (!laid) co_return std::unexpected(laid.error());
    const auto ran = co_await run_tool(jail, sound.directory, pocketsphinx(options), run);
    if (!ran) co_return std::unexpected(ran.error());
    auto words = co_await workspace.io().run([&] { return words_of_piece(sound, piece); });
    if (!words) co_return words;
    all.insert(all.end(), words->begin(), words->end());
    if (all.size() > kTranscriptWordsMax) {
      co_return rt::fail(rt::Code::kUnprocessable, "there are more words than a transcript may have");
    }
    co_await run.progress(percent(share, i + 1, pieces->size()));
  }
  co_return all;
}

// A word for each segment, as JSON. The jail shows program and model below names of its own.
Tool whisper(const SpeechOptions& options, bool jailed, const std::string& tag, std::int64_t duration_ms) {
  const fs::path program = options.whisper;
  Tool tool;
  if (jailed) tool.limits.shown = {{program.parent_path(), "/engine"}, {options.whisper_model, "/model"}};
  tool.command = {jailed ? "/engine/" + program.filename().string() : program.string(),
                  "-m",
                  jailed ? "/model" : options.whisper_model,
                  "-f",
                  kSoundFile,
                  "-l",
                  tag,
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

rt::Task<rt::Result<Words>> hear_with_whisper(const SpeechOptions& options, Jail& jail, Workspace& workspace,
                                              const Sound& sound, std::string language, JobRun& run) {
  Tool tool = whisper(options, jail.enabled(), primary(language), sound.duration_ms);
  const auto ran = co_await run_tool(jail, sound.directory, std::move(tool), run);
  if (!ran) co_return std::unexpected(ran.error());
  co_return co_await workspace.io().run([&]() -> rt::Result<Words> {
    const auto text = read_output(sound.directory / kWhisperFile);
    if (!text) return std::unexpected(text.error());
    return parse_whisper(*text);
  });
}

}  // namespace

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
    co_return co_await hear_with_whisper(options, jail, workspace, sound, std::move(language), run);
  }
  co_return co_await hear_with_pocketsphinx(options, jail, workspace, sound, share, run);
}

}  // namespace millrace::media
