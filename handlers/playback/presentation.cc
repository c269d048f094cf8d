#include "handlers/playback/presentation.h"

#include <algorithm>

#include "server/http/url.h"

namespace millrace::handlers::playback {
namespace {

using media::Rendition;
using media::Segment;

constexpr std::size_t kVersionDigits = 8;

std::uint64_t bits_per_second(std::uint64_t bytes, std::uint64_t ms) { return ms == 0 ? 0 : bytes * 8 * 1000 / ms; }

}  // namespace

Presentation presentation_of(const media::Playable& playable, std::vector<std::string> languages, std::string query) {
  Presentation presentation{.video = {}, .audio = {}, .languages = std::move(languages), .query = std::move(query)};
  for (const Rendition& rendition : playable.renditions) {
    if (rendition.kind != media::RenditionKind::kTrack || rendition.segments.empty()) continue;
    (rendition.height > 0 ? presentation.video : presentation.audio).push_back(&rendition);
    std::int64_t duration_ms = 0;
    for (const Segment& segment : rendition.segments) duration_ms += segment.duration_ms;
    presentation.duration_ms = std::max(presentation.duration_ms, duration_ms);
  }
  if (presentation.duration_ms == 0) presentation.duration_ms = playable.media.probe.duration_ms;
  return presentation;
}

BitRates bit_rates(const Rendition& track) {
  BitRates rates;
  std::uint64_t bytes = 0;
  std::uint64_t ms = 0;
  for (const Segment& segment : track.segments) {
    rates.peak = std::max(rates.peak, bits_per_second(segment.length, segment.duration_ms));
    bytes += segment.length;
    ms += segment.duration_ms;
  }
  rates.average = bits_per_second(bytes, ms);
  return rates;
}

std::string version_of(const Rendition& rendition) { return rendition.object.text().substr(0, kVersionDigits); }

std::string track_query(const Rendition& track, const std::string& query) {
  return query + (query.empty() ? "?v=" : "&v=") + version_of(track);
}

std::string init_address(const Rendition& track, const std::string& query) {
  return http::percent_encode(track.name) + "/init.mp4" + track_query(track, query);
}

std::string segment_address(const Rendition& track, std::size_t number, const std::string& query) {
  return http::percent_encode(track.name) + "/" + std::to_string(number) + ".m4s" + track_query(track, query);
}

}  // namespace millrace::handlers::playback
