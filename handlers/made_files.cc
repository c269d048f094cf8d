#include "handlers/made_files.h"

#include <algorithm>

#include "handlers/links.h"
#include "media/renditions/renditions.h"

namespace millrace::handlers {
namespace {

using media::Rendition;
using media::RenditionKind;

class Gathering {
 public:
  Gathering(const Settings& settings, const http::Request& request, const media::Media& media,
            const std::vector<Rendition>& renditions)
      : settings_(settings), request_(request), media_(media), renditions_(renditions) {}

  MadeFiles run() {
    MadeFiles made;
    for (const Rendition& each : renditions_) {
      if (each.kind == RenditionKind::kVideo) made.videos.push_back(video(each));
    }
    std::vector<std::string> names = thumbnail_names();
    for (const std::string& name : names) made.thumbnails.push_back(url(name));
    if (std::ranges::any_of(renditions_, [](const Rendition& each) { return each.kind == RenditionKind::kTrack; })) {
      made.hls = url("master.m3u8");
      made.dash = url("manifest.mpd");
    }
    return made;
  }

 private:
  std::string url(const std::string& file) const { return play_url(settings_, request_, media_.id, file); }

  MadeVideo video(const Rendition& rendition) const {
    MadeVideo made{rendition.height, rendition.bits_per_second, url(rendition.name + "." + rendition.extension), {}};
    const std::string track = "v" + rendition.name;
    const bool cut = std::ranges::any_of(
        renditions_, [&](const Rendition& each) { return each.kind == RenditionKind::kTrack && each.name == track; });
    if (cut) made.hls = url(track + ".m3u8");
    return made;
  }

  std::vector<std::string> thumbnail_names() const {
    std::vector<std::string> names;
    for (const Rendition& each : renditions_) {
      if (each.kind == RenditionKind::kThumbnail) names.push_back(each.name + "." + each.extension);
    }
    // "thumbnail.jpg" is before "thumbnail-2.jpg".
    std::ranges::sort(names, {}, [](const std::string& name) { return std::pair(name.size(), name); });
    return names;
  }

  const Settings& settings_;
  const http::Request& request_;
  const media::Media& media_;
  const std::vector<Rendition>& renditions_;
};

}  // namespace

rt::Task<rt::Result<MadeFiles>> made_files(Services& services, const http::Request& request, media::Media media) {
  auto renditions = co_await services.renditions.of_media(media.tenant, media.id);
  if (!renditions) co_return rt::pass(renditions);
  co_return Gathering(services.settings, request, media, *renditions).run();
}

}  // namespace millrace::handlers
