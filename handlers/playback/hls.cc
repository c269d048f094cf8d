#include "handlers/playback/hls.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/http/url.h"

namespace millrace::handlers::playback {
namespace {

using media::Rendition;
using media::Segment;

// Attributes are quoted strings, which know no escape (RFC 8216 §4.2).
std::string quotable(std::string text) {
  std::erase_if(text, [](unsigned char c) { return c == '"' || c < 0x20 || c == 0x7f; });
  return text;
}

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

void add_audio(std::string& out, const Presentation& presentation) {
  const Rendition& track = *presentation.audio.front();
  out += fmt::format(
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Audio\",DEFAULT=YES,AUTOSELECT=YES,URI=\"{}.m3u8{}\"\n",
      http::percent_encode(track.name), presentation.query);
}

void add_text(std::string& out, const Presentation& presentation) {
  for (const std::string& language : presentation.languages) {
    const std::string name = quotable(language);
    out += fmt::format(
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\",NAME=\"{}\",LANGUAGE=\"{}\",DEFAULT=NO,AUTOSELECT=YES,"
        "FORCED=NO,URI=\"text/{}.m3u8{}\"\n",
        name, name, http::percent_encode(language), presentation.query);
  }
}

void add_variant(std::string& out, const Presentation& presentation, const Rendition& track, const Rendition* sound) {
  BitRates rates = bit_rates(track);
  std::string codecs = track.codec;
  if (sound) {
    const BitRates more = bit_rates(*sound);
    rates = {rates.peak + more.peak, rates.average + more.average};
    codecs += "," + sound->codec;
  }
  out += fmt::format("#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"", rates.peak, rates.average,
                     quotable(codecs));
  if (track.height > 0) out += fmt::format(",RESOLUTION={}x{}", track.width, track.height);
  if (track.frames_per_second > 0) out += fmt::format(",FRAME-RATE={:.3f}", track.frames_per_second);
  if (sound) out += ",AUDIO=\"audio\"";
  if (!presentation.languages.empty()) out += ",SUBTITLES=\"text\"";
  out += fmt::format("\n{}.m3u8{}\n", http::percent_encode(track.name), presentation.query);
}

// EXTINF, rounded, may not be more than the target (§4.3.3.1).
std::int64_t target_seconds(const std::vector<Segment>& segments) {
  std::int64_t longest_ms = 0;
  for (const Segment& segment : segments) longest_ms = std::max<std::int64_t>(longest_ms, segment.duration_ms);
  return std::max<std::int64_t>((longest_ms + 500) / 1000, 1);
}

std::string head_of(std::int64_t target) {
  return fmt::format(
      "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD\n",
      target);
}

}  // namespace

std::string master_playlist(const Presentation& presentation) {
  std::string out = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n";
  const bool has_video = !presentation.video.empty();
  const Rendition* sound = has_video && !presentation.audio.empty() ? presentation.audio.front() : nullptr;
  if (sound) add_audio(out, presentation);
  add_text(out, presentation);
  for (const Rendition* track : has_video ? presentation.video : presentation.audio) {
    add_variant(out, presentation, *track, sound);
  }
  return out;
}

std::string media_playlist(const Rendition& track, const std::string& query) {
  std::string out = head_of(target_seconds(track.segments)) + "#EXT-X-INDEPENDENT-SEGMENTS\n";
  out += fmt::format("#EXT-X-MAP:URI=\"{}\"\n", init_address(track, query));
  for (std::size_t i = 0; i < track.segments.size(); ++i) {
    out += fmt::format("#EXTINF:{:.3f},\n{}\n", seconds(track.segments[i].duration_ms),
                       segment_address(track, i + 1, query));
  }
  return out + "#EXT-X-ENDLIST\n";
}

std::string text_playlist(const Presentation& presentation, const std::string& language) {
  const std::int64_t target = std::max<std::int64_t>((presentation.duration_ms + 999) / 1000, 1);
  return head_of(target) + fmt::format("#EXTINF:{:.3f},\n{}.vtt{}\n#EXT-X-ENDLIST\n", seconds(presentation.duration_ms),
                                       http::percent_encode(language), presentation.query);
}

}  // namespace millrace::handlers::playback
