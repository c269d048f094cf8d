#include "handlers/v1/views.h"

#include <optional>

#include "handlers/time_text.h"
#include "handlers/v1/ids.h"
#include "server/http/json.h"

namespace millrace::handlers::v1 {
namespace {

using http::JsonWriter;
using media::Media;
using media::MediaStatus;

constexpr int kWholeProgress = 100;

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

template <class Number>
std::optional<Number> unless_zero(Number number) {
  return number == 0 ? std::nullopt : std::optional(number);
}

void write_description(JsonWriter& json, const Media& media, const Playing& playing) {
  json.member("id", id_text(kVideo, media.id)).member("title", media.title);
  json.member("description", unless_empty(media.details.description));
  json.member("thumbnail_url", playing.thumbnails.empty() ? std::nullopt : std::optional(playing.thumbnails.front()));
  json.member("status", word(media.status));
  json.member("progress", media.status == MediaStatus::kReady ? kWholeProgress : 0);
  json.member("transcode_attempts", nullptr);
}

void write_source(JsonWriter& json, const Media& media, const std::string& source_url) {
  const media::ProbeResult& probe = media.probe;
  json.member("duration",
              probe.duration_ms == 0 ? std::nullopt : std::optional(static_cast<double>(probe.duration_ms) / 1000));
  json.member("file_size_bytes", media.size_bytes).member("video_codec", unless_empty(probe.video_codec));
  json.member("fps", unless_zero(probe.frames_per_second)).member("source_url", source_url);
  json.member("source_width", unless_zero(probe.width)).member("source_height", unless_zero(probe.height));
  json.member("creator_username", nullptr);
}

constexpr std::uint64_t kBitsPerKilobit = 1000;

void write_file(JsonWriter& json, const PlayingFile& file) {
  json.begin_object().member("height", file.height).member("url", file.url);
  json.member("bitrate_kbps", unless_zero(file.bits_per_second / kBitsPerKilobit)).member("hls", file.hls).end_object();
}

void write_playback(JsonWriter& json, const Media& media, const Playing& playing) {
  const std::string_view policy = word(media.details.policy);
  json.key("playback").begin_object().member("hls", playing.hls).member("dash", playing.dash);
  json.key("mp4").begin_array();
  for (const PlayingFile& file : playing.files) write_file(json, file);
  json.end_array().end_object();
  json.key("playback_ids").begin_array().begin_object().member("id", id_text(kPlayback, media.id));
  json.member("policy", policy).member("created_at", time_text(media.created_ms)).end_object().end_array();
  json.member("policy", policy);
}

void write_errors(JsonWriter& json, const Media& media) {
  json.key("errors").begin_array();
  if (media.status == MediaStatus::kErrored) {
    json.begin_object().member("type", "invalid_input").key("messages").begin_array();
    json.value(media.error).end_array().end_object();
  }
  json.end_array();
}

}  // namespace

std::string video_view(const Media& media, const std::string& source_url, const Playing& playing) {
  JsonWriter json;
  json.begin_object();
  write_description(json, media, playing);
  write_source(json, media, source_url);
  write_playback(json, media, playing);
  json.member("passthrough", unless_empty(media.details.passthrough));
  json.key("ingest").begin_object().member("kind", word(media.details.origin)).end_object();
  write_errors(json, media);
  json.member("view_count", 0).member("tags", media.details.tags);
  json.member("created_at", time_text(media.created_ms)).member("updated_at", time_text(media.updated_ms));
  json.end_object();
  return json.take();
}

}  // namespace millrace::handlers::v1
