#include "handlers/v1/views.h"

#include <optional>

#include "handlers/links.h"
#include "handlers/time_text.h"
#include "handlers/v1/ids.h"
#include "media/processing/steps.h"
#include "server/http/absent.h"
#include "server/http/json.h"

namespace millrace::handlers::v1 {
namespace {

using http::JsonWriter;
using http::unless_empty;
using http::unless_zero;
using media::Media;
using media::MediaStatus;

void write_description(JsonWriter& json, const Media& media, const MadeFiles& made) {
  json.member("id", id_text(kVideo, media.id)).member("title", media.title);
  json.member("description", unless_empty(media.details.description)).member("thumbnail_url", made.thumbnail());
  json.member("status", status_word(media)).member("progress", progress_of(media));
  json.member("transcode_attempts", unless_zero(media.encode_attempts));
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

void write_playback(JsonWriter& json, const Media& media, const MadeFiles& made) {
  const std::string_view policy = word(media.details.policy);
  json.key("playback").begin_object().member("hls", made.hls).member("dash", made.dash);
  json.key("mp4").begin_array();
  for (const MadeVideo& video : made.videos) {
    json.begin_object().member("height", video.height).member("url", video.url);
    json.member("bitrate_kbps", (video.bits_per_second + 500) / 1000).member("hls", video.hls).end_object();
  }
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

std::string_view status_word(const Media& media) {
  const bool again = media.status == MediaStatus::kPreparing && media.reprocessing;
  return again ? "reprocessing" : word(media.status);
}

rt::Task<rt::Result<std::string>> show_video(Services& services, const http::Request& request, Media media) {
  auto made = co_await made_files(services, request, media);
  if (!made) co_return rt::pass(made);
  co_return video_view(media, original_url(services.settings, request, media.id), *made);
}

std::string video_view(const Media& media, const std::string& source_url, const MadeFiles& made) {
  JsonWriter json;
  json.begin_object();
  write_description(json, media, made);
  write_source(json, media, source_url);
  write_playback(json, media, made);
  json.member("passthrough", unless_empty(media.details.passthrough));
  json.key("ingest").begin_object().member("kind", word(media.details.origin)).end_object();
  write_errors(json, media);
  json.member("view_count", 0).member("tags", media.details.tags);
  json.member("created_at", time_text(media.created_ms)).member("updated_at", time_text(media.updated_ms));
  json.end_object();
  return json.take();
}

}  // namespace millrace::handlers::v1
