// The encode step: one ffmpeg decodes the original once and writes a progressive file for every rung of the ladder.
#include <algorithm>
#include <cstdlib>

#include "media/processing/ffmpeg.h"
#include "media/processing/metered_tool.h"
#include "media/processing/movies.h"
#include "media/processing/work.h"

namespace millrace::media {
namespace {

// Encoders fill up the last frame of sound and hold the last picture, never for this long.
constexpr std::int64_t kPaddingMs = 1'000;

Rendition rendition_of(const EncodeOutput& output, const Media& media) {
  Rendition rendition;
  rendition.kind = RenditionKind::kVideo;
  rendition.name = output.name;
  rendition.width = output.rung.size.width;
  rendition.height = output.rung.size.height;
  rendition.frames_per_second = std::min(media.probe.frames_per_second, kFrameRateMax);
  rendition.content_type = "video/mp4";
  rendition.extension = "mp4";
  rendition.duration_ms = media.probe.duration_ms;
  return rendition;
}

Rendition audio_rendition(const Media& media) {
  Rendition rendition;
  rendition.kind = RenditionKind::kAudio;
  rendition.name = "audio";
  rendition.content_type = "audio/mp4";
  rendition.extension = "m4a";
  rendition.duration_ms = media.probe.duration_ms;
  return rendition;
}

// As the source says, which is what its owner sees, unless what came out shows that this is wrong.
std::int64_t encoded_ms(const Media& media, const StepResult& result) {
  std::int64_t longest_ms = 0;
  for (const Made& made : result.made) longest_ms = std::max(longest_ms, made.rendition.duration_ms);
  const std::int64_t said_ms = media.probe.duration_ms;
  if (longest_ms == 0) return said_ms;
  return said_ms > 0 && std::abs(longest_ms - said_ms) <= kPaddingMs ? said_ms : longest_ms;
}

rt::Task<rt::Result<ProcessResult>> encode(StepRun run, std::vector<std::string> command, std::size_t outputs,
                                           std::uint64_t bits_per_second_max) {
  Tool tool{.command = std::move(command),
            .limits = encode_limits(run.media, outputs, run.shop.options),
            .doing = "it cannot be encoded"};
  tool.limits.file_bytes = encoded_bytes_max(run.media, bits_per_second_max);
  co_return co_await run_metered(run, std::move(tool), run.media.probe.duration_ms, kEncodePercent);
}

rt::Task<rt::Result<StepResult>> make_audio_file(StepRun run) {
  auto ran = co_await encode(run, audio_command(run.media, run.shop.options), 1, 0);
  if (!ran) co_return rt::pass(ran);
  auto made = co_await keep_movie(run, "audio.m4a", audio_rendition(run.media));
  if (!made) co_return rt::pass(made);
  StepResult result;
  result.made.push_back(std::move(*made));
  co_return result;
}

rt::Task<rt::Result<StepResult>> make_video_files(StepRun run) {
  const auto outputs = encode_outputs(run.media, run.shop.options);
  if (outputs.empty()) co_return rt::fail(rt::Code::kUnprocessable, "the video has no size");
  std::uint64_t most = 0;
  for (const EncodeOutput& output : outputs) most = std::max(most, output.rung.bits_per_second_max);
  auto ran = co_await encode(run, encode_command(run.media, outputs, run.shop.options), outputs.size(), most);
  if (!ran) co_return rt::pass(ran);
  StepResult result;
  for (const EncodeOutput& output : outputs) {
    auto made = co_await keep_movie(run, output.file(), rendition_of(output, run.media));
    if (!made) co_return rt::pass(made);
    result.made.push_back(std::move(*made));
  }
  co_return result;
}

rt::Task<rt::Result<StepResult>> make_either(StepRun run) {
  if (run.media.type == MediaType::kVideo) co_return co_await make_video_files(run);
  co_return co_await make_audio_file(run);
}

}  // namespace

rt::Task<rt::Result<StepResult>> make_files(StepRun run) {
  const bool video = run.media.type == MediaType::kVideo;
  if (video ? !first_video(run.media) : !first_audio(run.media)) {
    co_return rt::fail(rt::Code::kUnprocessable, "the file holds nothing to encode");
  }
  // Here and not after the probe: others may have used the minutes up while it waited for its turn.
  auto room = co_await run.shop.minutes.check_room(run.media.tenant, run.media.probe.duration_ms);
  if (!room) co_return rt::pass(room);
  co_await run.shop.flow.note(run.job.job(), Stage::kEncode, [](Media& media) {
    ++media.encode_attempts;
    media.progress_percent = 0;
  });
  const Media& media = run.media;
  rt::Status laid =
      co_await run.shop.workspace.lay_whole(media.object, media.size_bytes, run.directory / kInputFile, run.job);
  if (!laid) co_return rt::pass(laid);
  auto result = co_await make_either(run);
  if (!result) co_return rt::pass(result);
  result->kinds = {RenditionKind::kVideo, RenditionKind::kAudio};
  result->encoded_ms = encoded_ms(media, *result);
  result->edit = [](Media& edited) { edited.progress_percent = kEncodePercent; };
  co_return result;
}

}  // namespace millrace::media
