// The package step: the encoded files once more as CMAF tracks, cut at the same times in every rung, by copying. What
// playlists and manifests say of them is read from the playlist that the packager writes.
#include <algorithm>

#include "media/processing/byte_playlist.h"
#include "media/processing/ffmpeg.h"
#include "media/processing/movies.h"
#include "media/processing/tool.h"
#include "media/processing/work.h"
#include "media/renditions/renditions.h"

namespace millrace::media {
namespace {

constexpr std::string_view kAudioTrack = "a";

struct Source {
  Rendition rendition;  // what it is cut from
  PackageTrack track;
};

bool has_sound(const Rendition& rendition) { return rendition.codec.find("mp4a") != std::string::npos; }

// Every video, and the sound of the smallest file that has it.
std::vector<Source> sources_of(const std::vector<Rendition>& renditions) {
  std::vector<Source> sources;
  const Rendition* sound = nullptr;
  for (const Rendition& each : renditions) {
    const bool video = each.kind == RenditionKind::kVideo;
    if (!video && each.kind != RenditionKind::kAudio) continue;
    if (video) sources.push_back({each, {each.name + ".in", true, "v" + each.name}});
    if (has_sound(each) && (!sound || each.size_bytes < sound->size_bytes)) sound = &each;
  }
  if (sound) sources.push_back({*sound, {sound->name + ".in", false, std::string(kAudioTrack)}});
  return sources;
}

rt::Task<rt::Status> lay_sources(StepRun run, const std::vector<Source>& sources) {
  std::vector<std::string> laid;
  for (const Source& source : sources) {
    if (std::ranges::count(laid, source.track.file) > 0) continue;
    laid.push_back(source.track.file);
    const Rendition& from = source.rendition;
    rt::Status done =
        co_await run.shop.workspace.lay_whole(from.object, from.size_bytes, run.directory / source.track.file, run.job);
    if (!done) co_return done;
  }
  co_return rt::Status();
}

Rendition rendition_of(const Source& source) {
  const Rendition& from = source.rendition;
  Rendition track;
  track.kind = RenditionKind::kTrack;
  track.name = source.track.name;
  track.extension = "mp4";
  track.content_type = source.track.video ? "video/mp4" : "audio/mp4";
  track.duration_ms = from.duration_ms;
  if (!source.track.video) return track;
  track.width = from.width;
  track.height = from.height;
  track.frames_per_second = from.frames_per_second;
  return track;
}

rt::Task<rt::Result<Made>> keep_track(StepRun run, const Source& source) {
  const std::string& name = source.track.name;
  auto made = co_await keep_movie(run, name + ".mp4", rendition_of(source));
  if (!made) co_return made;
  auto playlist = co_await run.shop.workspace.read_start(run.directory / (name + ".m3u8"), kPlaylistMaxBytes);
  if (!playlist) co_return rt::pass(playlist);
  auto layout = parse_byte_playlist(*playlist, made->rendition.size_bytes);
  if (!layout) co_return rt::pass(layout);
  made->rendition.header_bytes = layout->header_bytes;
  made->rendition.segments = std::move(layout->segments);
  co_return made;
}

}  // namespace

rt::Task<rt::Result<StepResult>> make_tracks(StepRun run) {
  auto renditions = co_await Renditions(run.shop.store).of_media(run.media.tenant, run.media.id);
  if (!renditions) co_return rt::pass(renditions);
  const std::vector<Source> sources = sources_of(*renditions);
  if (sources.empty()) co_return rt::fail(rt::Code::kUnprocessable, "nothing was encoded");
  rt::Status laid = co_await lay_sources(run, sources);
  if (!laid) co_return rt::pass(laid);

  std::vector<PackageTrack> tracks;
  std::uint64_t bytes = 0;
  for (const Source& source : sources) {
    tracks.push_back(source.track);
    bytes += source.rendition.size_bytes;
  }
  Tool tool{.command = package_command(tracks, run.shop.options),
            .limits = package_limits(bytes),
            .doing = "it cannot be packaged"};
  auto ran = co_await run_tool(run.shop.jail, run.directory, std::move(tool), run.job);
  if (!ran) co_return rt::pass(ran);

  StepResult result;
  result.kinds = {RenditionKind::kTrack};
  for (const Source& source : sources) {
    auto made = co_await keep_track(run, source);
    if (!made) co_return rt::pass(made);
    result.made.push_back(std::move(*made));
  }
  co_return result;
}

}  // namespace millrace::media
