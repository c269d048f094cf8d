#include "server/app_processing.h"

#include <algorithm>
#include <thread>

#include "server/rt/text.h"

namespace millrace {
namespace {

constexpr std::uint32_t kEncodeThreadsMost = 8;

// The table of keys has checked ranges and texts.
std::uint32_t u32(std::int64_t number) { return static_cast<std::uint32_t>(number); }

std::uint32_t threads(std::int64_t wanted) {
  if (wanted > 0) return u32(wanted);
  return std::clamp(std::thread::hardware_concurrency(), 1u, kEncodeThreadsMost);
}

std::vector<std::uint32_t> heights(const std::vector<std::string>& texts) {
  std::vector<std::uint32_t> numbers;
  for (const std::string& text : texts) {
    numbers.push_back(rt::whole_number<std::uint32_t>(text).value_or(0));
  }
  return numbers;
}

}  // namespace

media::ProcessingOptions processing_options(const ops::Config& config) {
  const ops::Config::Media& from = config.media;
  media::ProcessingOptions options;
  options.renditions = from.renditions;
  options.transcripts = from.transcripts;
  options.ladder_heights = heights(from.ladder_heights);
  options.codecs = from.codecs;
  if (options.codecs.empty()) options.codecs = {"h264"};
  options.preset = from.encode_preset;
  options.threads = threads(from.encode_threads);
  options.ffprobe = from.ffprobe;
  options.ffmpeg = from.ffmpeg;
  options.pdftoppm = from.pdftoppm;
  options.encode_ms_max = from.encode_ms_max;
  options.duration_ms_max = from.duration_ms_max;
  options.pixels_max = static_cast<std::uint64_t>(from.pixels_max);
  return options;
}

media::PipelineLimits pipeline_limits(const ops::Config& config) {
  return {.jobs_max = u32(config.media.jobs_max),
          .encodes_max = u32(config.media.encodes_max),
          .attempts_max = u32(config.media.job_attempts_max)};
}

media::TranscribeOptions transcribe_options(const ops::Config& config) {
  media::TranscribeOptions options;
  options.ffmpeg = config.media.ffmpeg;
  options.language = config.media.transcript_language;
  options.sound_ms_max = config.media.transcript_ms_max;
  options.speech.whisper = config.media.whisper;
  options.speech.whisper_model = config.media.whisper_model;
  options.speech.threads = threads(config.media.encode_threads);
  return options;
}

media::JailPriority jail_priority(const ops::Config& config) {
  return {.nice = static_cast<int>(config.media.nice), .cgroup = config.media.cgroup};
}

}  // namespace millrace
