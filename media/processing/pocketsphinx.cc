// pocketsphinx: hears English, piece by piece.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "media/processing/speech_engines.h"
#include "media/processing/tool.h"
#include "media/transcripts/engine_output.h"
#include "media/transcripts/quiet_cuts.h"

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

// Hearing 30 s takes about as long; a busy host may take many times that.
constexpr std::int64_t kPieceDeadlineMs = 900'000;
constexpr std::uint64_t kPieceCpuSeconds = 600;

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
  const auto text = read_engine_output(sound.directory / kCtmFile);
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

}  // namespace

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

}  // namespace millrace::media
