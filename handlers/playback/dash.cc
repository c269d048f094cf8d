#include "handlers/playback/dash.h"

#include <fmt/format.h>

#include <algorithm>

#include "handlers/playback/escape.h"
#include "server/http/url.h"

namespace millrace::handlers::playback {
namespace {

using media::Rendition;
using media::Segment;

constexpr double kUsualFrames = 1000;  // frameRate is a fraction of whole numbers (§5.3.7.2)
constexpr std::int64_t kBufferMs = 4'000;

std::string duration_text(std::int64_t ms) { return fmt::format("PT{}.{:03}S", ms / 1000, ms % 1000); }

// Runs of segments of one length are one entry (§5.3.9.6).
std::string timeline_of(const std::vector<Segment>& segments) {
  std::string out;
  for (std::size_t i = 0; i < segments.size();) {
    std::size_t end = i + 1;
    while (end < segments.size() && segments[end].duration_ms == segments[i].duration_ms) ++end;
    out += i == 0 ? "<S t=\"0\"" : "<S";
    out += fmt::format(" d=\"{}\"", segments[i].duration_ms);
    if (end - i > 1) out += fmt::format(" r=\"{}\"", end - i - 1);
    out += "/>";
    i = end;
  }
  return out;
}

std::string template_of(const Rendition& track, const std::string& query) {
  const std::string tail = escaped(track_query(track, query));
  return fmt::format(
      "        <SegmentTemplate timescale=\"1000\" startNumber=\"1\" initialization=\"$RepresentationID$/init.mp4{}\" "
      "media=\"$RepresentationID$/$Number$.m4s{}\">\n          <SegmentTimeline>{}</SegmentTimeline>\n"
      "        </SegmentTemplate>\n",
      tail, tail, timeline_of(track.segments));
}

std::string representation_of(const Rendition& track, const std::string& query) {
  std::string out = fmt::format("      <Representation id=\"{}\" bandwidth=\"{}\" codecs=\"{}\"", escaped(track.name),
                                bit_rates(track).peak, escaped(track.codec));
  if (track.height > 0) out += fmt::format(" width=\"{}\" height=\"{}\"", track.width, track.height);
  if (track.frames_per_second > 0) {
    out += fmt::format(" frameRate=\"{:.0f}/{:.0f}\"", track.frames_per_second * kUsualFrames, kUsualFrames);
  }
  return out + ">\n" + template_of(track, query) + "      </Representation>\n";
}

std::string set_of(int id, std::string_view kind, const std::vector<const Rendition*>& tracks,
                   const std::string& query) {
  std::string out = fmt::format(
      "    <AdaptationSet id=\"{}\" contentType=\"{}\" mimeType=\"{}/mp4\" segmentAlignment=\"true\" "
      "startWithSAP=\"1\">\n",
      id, kind, kind);
  for (const Rendition* track : tracks) out += representation_of(*track, query);
  return out + "    </AdaptationSet>\n";
}

// Players switch inside a set, which codecs do not allow.
std::vector<std::vector<const Rendition*>> by_codec(const std::vector<const Rendition*>& tracks) {
  std::vector<std::vector<const Rendition*>> sets;
  const auto family = [](const Rendition& track) { return track.codec.substr(0, track.codec.find('.')); };
  for (const Rendition* track : tracks) {
    const auto same = [&](const auto& set) { return family(*set.front()) == family(*track); };
    auto set = std::ranges::find_if(sets, same);
    if (set == sets.end()) set = sets.insert(set, std::vector<const Rendition*>());
    set->push_back(track);
  }
  return sets;
}

std::string text_set(int id, const std::string& language, const std::string& query) {
  return fmt::format(
      "    <AdaptationSet id=\"{}\" contentType=\"text\" mimeType=\"text/vtt\" lang=\"{}\">\n"
      "      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"subtitle\"/>\n"
      "      <Representation id=\"text-{}\" bandwidth=\"256\">\n        <BaseURL>text/{}.vtt{}</BaseURL>\n"
      "      </Representation>\n    </AdaptationSet>\n",
      id, escaped(language), escaped(language), http::percent_encode(language), escaped(query));
}

}  // namespace

std::string dash_manifest(const Presentation& presentation) {
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
      "profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" type=\"static\" mediaPresentationDuration=\"{}\" "
      "minBufferTime=\"{}\">\n  <Period id=\"0\" start=\"PT0S\">\n",
      duration_text(presentation.duration_ms), duration_text(kBufferMs));
  int id = 0;
  for (const auto& set : by_codec(presentation.video)) out += set_of(id++, "video", set, presentation.query);
  for (const auto& set : by_codec(presentation.audio)) out += set_of(id++, "audio", set, presentation.query);
  for (const std::string& language : presentation.languages) out += text_set(id++, language, presentation.query);
  return out + "  </Period>\n</MPD>\n";
}

}  // namespace millrace::handlers::playback
