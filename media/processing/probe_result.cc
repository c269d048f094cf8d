// Reads what ffprobe says. All of it repeats what a hostile file claims, so every number is bounded and every text cut.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "media/processing/probe.h"
#include "server/http/json.h"
#include "server/rt/text.h"

namespace millrace::media {
namespace {

constexpr std::size_t kOutputMaxBytes = 4 << 20;
constexpr std::size_t kTracksMax = 64;
constexpr std::size_t kTextMaxBytes = 64;
constexpr double kDurationMaxSeconds = 100.0 * 365 * 24 * 3600;
constexpr double kClaimedFrameRateMax = 1'000'000;
constexpr std::int64_t kBitsPerSecondMax = std::int64_t{1} << 50;
constexpr std::int64_t kSideMax = 1 << 20;
constexpr std::int64_t kChannelsMax = 1024;
constexpr std::int64_t kSampleRateMax = 100'000'000;

using http::Json;

// Absent, of another type, too long: all the same to us.
std::string text(const Json& json, std::string_view name) {
  auto value = json.text(name);
  if (!value || !*value) return {};
  std::string content = std::move(**value);
  content.resize(std::min(content.size(), kTextMaxBytes));
  return content;
}

// ffprobe writes some numbers as numbers and some as texts.
std::int64_t integer(const Json& json, std::string_view name, std::int64_t max) {
  auto number = json.integer(name);
  std::int64_t value = number && *number ? **number : rt::whole_number<std::int64_t>(text(json, name)).value_or(0);
  return std::clamp<std::int64_t>(value, 0, max);
}

std::int64_t milliseconds(const Json& json, std::string_view name) {
  const double seconds = rt::decimal(text(json, name)).value_or(0);
  if (!std::isfinite(seconds) || seconds <= 0) return 0;
  return std::llround(std::min(seconds, kDurationMaxSeconds) * 1000);
}

// "30000/1001"
double rate(const std::string& fraction) {
  const std::size_t slash = fraction.find('/');
  if (slash == std::string::npos) return 0;
  const double above = rt::decimal(std::string_view(fraction).substr(0, slash)).value_or(0);
  const double below = rt::decimal(std::string_view(fraction).substr(slash + 1)).value_or(0);
  const double value = below > 0 ? above / below : 0;
  return std::isfinite(value) && value > 0 && value < kClaimedFrameRateMax ? value : 0;
}

std::int32_t quarter_turns(double degrees) {
  if (!std::isfinite(degrees)) return 0;
  const int turns = static_cast<int>(std::lround(std::fmod(degrees, 360) / 90)) % 4;
  return (turns < 0 ? turns + 4 : turns) * 90;
}

std::int32_t rotation(const Json& stream) {
  auto side_data = stream.objects("side_data_list");
  if (side_data && *side_data) {
    for (const Json& entry : **side_data) {
      auto degrees = entry.number("rotation");
      if (degrees && *degrees) return quarter_turns(**degrees);
    }
  }
  auto tags = stream.object("tags");
  if (!tags || !*tags) return 0;
  return quarter_turns(rt::decimal(text(**tags, "rotate")).value_or(0));
}

bool is_attached_picture(const Json& stream) {
  auto disposition = stream.object("disposition");
  return disposition && *disposition && integer(**disposition, "attached_pic", 1) == 1;
}

Track track_of(const Json& stream) {
  Track track;
  track.index = static_cast<std::uint32_t>(integer(stream, "index", kTracksMax * 1024));
  track.kind = text(stream, "codec_type");
  track.codec = text(stream, "codec_name");
  track.profile = text(stream, "profile");
  track.duration_ms = milliseconds(stream, "duration");
  track.bits_per_second = static_cast<std::uint64_t>(integer(stream, "bit_rate", kBitsPerSecondMax));
  track.width = static_cast<std::uint32_t>(integer(stream, "width", kSideMax));
  track.height = static_cast<std::uint32_t>(integer(stream, "height", kSideMax));
  track.rotation_degrees = rotation(stream);
  track.frames_per_second = rate(text(stream, "avg_frame_rate"));
  track.pixel_format = text(stream, "pix_fmt");
  track.color_transfer = text(stream, "color_transfer");
  track.channels = static_cast<std::uint32_t>(integer(stream, "channels", kChannelsMax));
  track.samples_per_second = static_cast<std::uint32_t>(integer(stream, "sample_rate", kSampleRateMax));
  track.still_picture = is_attached_picture(stream);
  auto tags = stream.object("tags");
  if (tags && *tags) track.language = text(**tags, "language");
  return track;
}

const Track* first(const std::vector<Track>& tracks, std::string_view kind) {
  const auto found = std::ranges::find_if(
      tracks, [&](const Track& track) { return track.kind == kind && !track.still_picture && !track.codec.empty(); });
  return found == tracks.end() ? nullptr : &*found;
}

bool is_picture_format(std::string_view format) {
  return format.ends_with("_pipe") || format == "image2" || format == "gif" || format == "apng" || format == "ico";
}

void describe_video(const Track& video, ProbeResult& result) {
  const bool sideways = video.rotation_degrees % 180 != 0;
  result.video_codec = video.codec;
  result.width = sideways ? video.height : video.width;
  result.height = sideways ? video.width : video.height;
  result.frames_per_second = video.frames_per_second;
}

}  // namespace

rt::Result<Probed> parse_probe(std::string_view json) {
  auto document = Json::parse_object(json, kOutputMaxBytes);
  if (!document) return rt::fail(rt::Code::kUnprocessable, "ffprobe's answer cannot be read");
  auto format = document->object("format");
  auto streams = document->objects("streams");
  if (!format || !*format || !streams || !*streams)
    return rt::fail(rt::Code::kUnprocessable, "no media was found in it");

  Probed probed;
  ProbeResult& result = probed.result;
  result.container = text(**format, "format_name");
  result.duration_ms = milliseconds(**format, "duration");
  result.bits_per_second = static_cast<std::uint64_t>(integer(**format, "bit_rate", kBitsPerSecondMax));
  for (const Json& stream : **streams) {
    if (result.tracks.size() == kTracksMax) break;
    result.tracks.push_back(track_of(stream));
    result.duration_ms = std::max(result.duration_ms, result.tracks.back().duration_ms);
  }

  const Track* video = first(result.tracks, "video");
  const Track* audio = first(result.tracks, "audio");
  // ffprobe takes any text for a terminal recording.
  if ((!video && !audio) || result.container == "tty") {
    return rt::fail(rt::Code::kUnprocessable, "the file holds no video, audio or picture");
  }
  if (video) describe_video(*video, result);
  if (audio) result.audio_codec = audio->codec;
  if (video && !audio && is_picture_format(result.container)) {
    probed.type = MediaType::kImage;
    result.duration_ms = 0;
  } else {
    probed.type = video ? MediaType::kVideo : MediaType::kAudio;
  }
  return probed;
}

}  // namespace millrace::media
