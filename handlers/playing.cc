#include "handlers/playing.h"

#include <algorithm>

#include "handlers/links.h"
#include "media/playback/playback.h"

namespace millrace::handlers {
namespace {

using media::Rendition;
using media::RenditionKind;

// The track of a progressive file has its height and codec.
const Rendition* track_of(const std::vector<Rendition>& renditions, const Rendition& file) {
  const auto same = [&](const Rendition& each) {
    return !is_file(each) && each.height == file.height && file.codec.starts_with(each.codec);
  };
  const auto found = std::ranges::find_if(renditions, same);
  return found == renditions.end() ? nullptr : &*found;
}

}  // namespace

rt::Task<rt::Result<Playing>> playing_of(Services& services, const http::Request& request, const media::Media& media,
                                         std::string playback_id) {
  Playing playing;
  const auto found = co_await services.playback.find(media.id);
  if (!found && found.error().code == rt::Code::kNotFound) co_return playing;
  if (!found) co_return std::unexpected(found.error());
  const auto url = [&](const std::string& file) { return play_url(services.settings, request, playback_id, file); };
  const std::vector<Rendition>& renditions = (*found)->renditions;
  for (const Rendition& each : renditions) {
    const std::string address = is_file(each) ? url(each.name + "." + each.extension) : std::string();
    if (each.kind == RenditionKind::kThumbnail) playing.thumbnails.push_back(address);
    if (each.kind == RenditionKind::kTrack) {
      playing.hls = url("master.m3u8");
      playing.dash = url("manifest.mpd");
    }
    if (each.kind != RenditionKind::kVideo) continue;
    const Rendition* track = track_of(renditions, each);
    playing.files.push_back(
        {each.height, each.bits_per_second, address, track ? std::optional(url(track->name + ".m3u8")) : std::nullopt});
  }
  co_return playing;
}

}  // namespace millrace::handlers
