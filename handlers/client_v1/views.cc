#include "handlers/client_v1/views.h"

#include "handlers/time_text.h"
#include "media/catalog/folder.h"
#include "server/http/json.h"

namespace millrace::handlers::client_v1 {
namespace {

using http::JsonWriter;
using media::Media;
using media::MediaStatus;
using media::Upload;

constexpr VideoStatus kPending{1, "pending"};
constexpr VideoStatus kProcessing{3, "processing"};
constexpr VideoStatus kUploading{5, "uploading"};
constexpr VideoStatus kCompleted{6, "completed"};
constexpr VideoStatus kFailed{7, "failed"};

void write_status(JsonWriter& json, VideoStatus status) {
  json.member("status", status.code).member("status_text", status.text);
}

void write_upload(JsonWriter& json, const Upload& upload, VideoStatus status) {
  json.begin_object().member("id", upload.id).member("filename", upload.file_name);
  write_status(json, status);
}

// Its way from the probe through encoding to the storing of what was made.
VideoStatus status_at(media::Stage stage) {
  if (stage == media::Stage::kProbe) return kPending;
  return stage == media::Stage::kPackage ? kUploading : kProcessing;
}

void write_video(JsonWriter& json, const Media& media, const MadeFiles& made) {
  const media::ProbeResult& probe = media.probe;
  json.begin_object().member("id", media.id).member("title", media.title).member("filename", media.file_name);
  json.member("path", media.details.folder.empty() ? media::kRootFolder : std::string_view(media.details.folder));
  write_status(json, status_of(media));
  json.member("duration_in_seconds",
              probe.duration_ms == 0 ? std::nullopt : std::optional(static_cast<double>(probe.duration_ms) / 1000));
  json.member("thumbnail", made.thumbnail()).member("tags", media.details.tags);
  json.key("metadata").begin_object();
  for (const auto& [name, value] : media.metadata) json.member(name, value);
  json.end_object();
  json.member("created_at", second_text(media.created_ms)).member("updated_at", second_text(media.updated_ms));
}

std::optional<std::uint32_t> unless_zero(std::uint32_t number) {
  return number == 0 ? std::nullopt : std::optional(number);
}

}  // namespace

// A deleted media says what it was.
VideoStatus status_of(const Media& media) {
  const bool deleted = media.status == MediaStatus::kSoftDeleted;
  switch (deleted ? media.status_before_delete : media.status) {
    case MediaStatus::kPreparing:
      return status_at(media.stage);
    case MediaStatus::kReady:
      return kCompleted;
    default:
      return kFailed;
  }
}

VideoStatus status_of(const Upload& upload, const std::optional<Media>& made) {
  if (is_open(upload)) return kPending;
  return made ? status_of(*made) : kFailed;
}

std::string accepted_view(const Upload& upload) {
  JsonWriter json;
  json.begin_object().member("id", upload.id);
  write_status(json, kPending);
  json.end_object();
  return json.take();
}

std::string upload_view(const Upload& upload, VideoStatus status) {
  JsonWriter json;
  write_upload(json, upload, status);
  json.end_object();
  return json.take();
}

std::string upload_row(const Upload& upload, VideoStatus status) {
  JsonWriter json;
  write_upload(json, upload, status);
  json.member("created_at", second_text(upload.created_ms)).member("updated_at", second_text(upload.updated_ms));
  json.end_object();
  return json.take();
}

std::string video_row(const Media& media, const MadeFiles& made) {
  JsonWriter json;
  write_video(json, media, made);
  json.end_object();
  return json.take();
}

std::string video_view(const Media& media, const std::string& original_url, const MadeFiles& made,
                       const std::vector<TextTrack>& text_tracks) {
  JsonWriter json;
  write_video(json, media, made);
  json.member("size", media.size_bytes).member("mime_type", media.content_type);
  json.member("width", unless_zero(media.probe.width)).member("height", unless_zero(media.probe.height));
  json.member("original_url", original_url);
  json.key("manifest").begin_object().member("hls", made.hls).member("dash", made.dash).end_object();
  json.key("text_tracks").begin_array();
  for (const TextTrack& track : text_tracks) {
    json.begin_object().member("language", track.language).member("kind", "subtitles").member("url", track.url);
    json.end_object();
  }
  json.end_array().key("thumbnail_images").begin_array();
  for (const std::string& url : made.thumbnails) json.begin_object().member("url", url).end_object();
  json.end_array().end_object();
  return json.take();
}

}  // namespace millrace::handlers::client_v1
