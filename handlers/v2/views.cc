#include "handlers/v2/views.h"

#include "handlers/time_text.h"
#include "media/processing/steps.h"
#include "server/http/absent.h"

namespace millrace::handlers::v2 {
namespace {

using http::JsonWriter;
using http::unless_empty;
using http::unless_zero;

std::optional<std::string> time_unless_zero(std::int64_t unix_ms) {
  return unix_ms == 0 ? std::nullopt : std::optional(time_text(unix_ms));
}

std::optional<double> seconds(std::int64_t ms) {
  return ms == 0 ? std::nullopt : std::optional(static_cast<double>(ms) / 1000);
}

void write_map(JsonWriter& json, std::string_view name, const std::map<std::string, std::string>& map) {
  json.key(name).begin_object();
  for (const auto& [key, value] : map) json.member(key, value);
  json.end_object();
}

// The size is known when it was declared or when all bytes are here.
std::optional<std::uint64_t> size_of(const media::Upload& upload) {
  if (upload.declared_bytes) return upload.declared_bytes;
  return upload.whole ? std::optional(upload.bytes_received) : std::nullopt;
}

void write_track(JsonWriter& json, const media::Track& track) {
  json.begin_object().member("index", track.index).member("kind", track.kind).member("codec", track.codec);
  json.member_if("profile", unless_empty(track.profile)).member_if("language", unless_empty(track.language));
  json.member_if("duration", seconds(track.duration_ms)).member_if("bitrate", unless_zero(track.bits_per_second));
  json.member_if("width", unless_zero(track.width)).member_if("height", unless_zero(track.height));
  json.member_if("rotation", unless_zero(track.rotation_degrees));
  json.member_if("frameRate", unless_zero(track.frames_per_second));
  json.member_if("pixelFormat", unless_empty(track.pixel_format));
  json.member_if("colorTransfer", unless_empty(track.color_transfer));
  json.member_if("channels", unless_zero(track.channels));
  json.member_if("sampleRate", unless_zero(track.samples_per_second));
  if (track.still_picture) json.member("stillPicture", true);
  json.end_object();
}

void write_transcript(JsonWriter& json, const media::TranscriptState& state, const std::string& media_url) {
  json.begin_object().member("languageCode", state.language).member("status", word(state.status));
  json.member_if("error", unless_empty(state.error));
  if (const auto& transcript = state.transcript) {
    const std::string base =
        media_url + "/metadata/transcripts/" + transcript->id + "/download?transcriptDownloadType=";
    json.member("id", transcript->id).member("engine", transcript->engine).member("words", transcript->words.size());
    json.member("createdAt", time_text(transcript->created_ms)).key("urls").begin_object();
    for (const char* format : {"json", "txt", "srt", "vtt"}) json.member(format, base + format);
    json.end_object();
  } else {
    json.member("id", nullptr);
  }
  json.end_object();
}

void write_rendition(JsonWriter& json, const media::Rendition& rendition, const std::string& url) {
  json.begin_object().member("id", rendition.id).member("kind", word(rendition.kind)).member("name", rendition.name);
  json.member_if("height", unless_zero(rendition.height)).member_if("width", unless_zero(rendition.width));
  json.member("bitrate", unless_zero(rendition.bits_per_second)).member("codec", rendition.codec);
  json.member_if("duration", seconds(rendition.duration_ms)).member("contentType", rendition.content_type);
  json.member("size", rendition.size_bytes).member("url", url).end_object();
}

void write_key(JsonWriter& json, const media::ApiKey& key) {
  json.member("id", key.id).member("tenant", key.tenant).member("name", key.name).member("prefix", key.prefix);
  json.member("accessKeyId", key.access_key_id).member("scopes", media::scope_words(key.scopes));
  json.member("createdAt", time_text(key.created_ms));
}

}  // namespace

std::string view(const media::Upload& upload, const std::string& input) {
  JsonWriter json;
  json.begin_object().member("id", upload.id).member("state", word(upload.state));
  json.member("fileName", upload.file_name).member("type", word(upload.type));
  if (!input.empty()) json.key("input").raw(input);
  json.member("contentType", upload.content_type).member("size", size_of(upload));
  json.member("bytesReceived", upload.bytes_received);
  json.member_if("title", unless_empty(upload.title)).member_if("channelId", unless_empty(upload.channel_id));
  json.member("transcriptLanguageCodes", upload.transcript_languages);
  write_map(json, "metadata", upload.metadata);
  json.member_if("mediaId", unless_empty(upload.media_id));
  json.member_if("duplicateOf", unless_empty(upload.duplicate_of)).member_if("error", unless_empty(upload.error));
  json.member("createdAt", time_text(upload.created_ms)).member("updatedAt", time_text(upload.updated_ms));
  json.member("expiresAt", time_unless_zero(upload.expires_ms)).end_object();
  return json.take();
}

std::string view(const media::Media& media, const std::string& original_url) {
  JsonWriter json;
  json.begin_object().member("id", media.id).member("status", word(media.status));
  json.member("type", unless_empty(std::string(word(media.type))));
  json.member("progress", progress_of(media));
  json.member_if("error", unless_empty(media.error));
  json.member("title", media.title).member("fileName", media.file_name).member("contentType", media.content_type);
  json.member("size", media.size_bytes).member("channelId", media.channel_id).member("uploadId", media.upload_id);
  json.member("duration", seconds(media.probe.duration_ms));
  json.member("width", unless_zero(media.probe.width)).member("height", unless_zero(media.probe.height));
  json.member("transcriptLanguageCodes", media.transcript_languages);
  write_map(json, "metadata", media.metadata);
  json.member("originalUrl", original_url);
  json.member("createdAt", time_text(media.created_ms)).member("updatedAt", time_text(media.updated_ms));
  json.member_if("deletedAt", time_unless_zero(media.deleted_ms)).end_object();
  return json.take();
}

std::string transcripts_view(const std::vector<media::TranscriptState>& states, const std::string& media_url) {
  JsonWriter json;
  json.begin_array();
  for (const media::TranscriptState& state : states) write_transcript(json, state, media_url);
  json.end_array();
  return json.take();
}

std::string renditions_view(const std::vector<media::Rendition>& renditions, const FileUrl& file_url) {
  JsonWriter json;
  json.begin_array();
  for (const media::Rendition& rendition : renditions) {
    if (is_file(rendition)) write_rendition(json, rendition, file_url(rendition.name + "." + rendition.extension));
  }
  json.end_array();
  return json.take();
}

std::string metadata_view(const media::Media& media, const std::string& renditions, const std::string& transcripts) {
  const media::ProbeResult& probe = media.probe;
  JsonWriter json;
  json.begin_object().member("mediaId", media.id).member("status", word(media.status));
  json.member("container", unless_empty(probe.container)).member("duration", seconds(probe.duration_ms));
  json.member("bitrate", unless_zero(probe.bits_per_second));
  json.member("width", unless_zero(probe.width)).member("height", unless_zero(probe.height));
  json.member("frameRate", unless_zero(probe.frames_per_second));
  json.member("videoCodec", unless_empty(probe.video_codec)).member("audioCodec", unless_empty(probe.audio_codec));
  json.key("tracks").begin_array();
  for (const media::Track& track : probe.tracks) write_track(json, track);
  json.end_array();
  json.member("transcriptLanguageCodes", media.transcript_languages);
  json.key("renditions").raw(renditions);
  json.key("transcripts").raw(transcripts).end_object();
  return json.take();
}

std::string view(const media::Channel& channel) {
  JsonWriter json;
  json.begin_object().member("id", channel.id).member("name", channel.title).member("title", channel.title);
  json.member("default", channel.is_default).member("createdAt", time_text(channel.created_ms)).end_object();
  return json.take();
}

std::string view(const media::ApiKey& key) {
  JsonWriter json;
  json.begin_object();
  write_key(json, key);
  json.end_object();
  return json.take();
}

std::string view(const media::NewKey& key) {
  JsonWriter json;
  json.begin_object();
  write_key(json, key.key);
  json.member("key", key.bearer).member("secretAccessKey", key.secret_access_key).end_object();
  return json.take();
}

}  // namespace millrace::handlers::v2
