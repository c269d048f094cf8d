#include "handlers/assets/views.h"

#include <algorithm>
#include <optional>

#include "handlers/time_text.h"
#include "media/processing/steps.h"
#include "server/http/absent.h"
#include "server/http/json.h"

namespace millrace::handlers::assets {
namespace {

using http::JsonWriter;
using http::unless_empty;
using http::unless_zero;
using media::Media;
using media::Upload;

void write_offsets(JsonWriter& json, const Upload& upload) {
  const Offsets next = next_offsets(upload);
  json.member("start_offset", next.start).member("end_offset", next.end);
}

void write_file(JsonWriter& json, const std::string& label, const std::string& name, const std::string& mime_type) {
  json.member("label", label).member("original_name", name).member("mime_type", mime_type);
}

void write_times(JsonWriter& json, std::int64_t created_ms, std::int64_t changed_ms) {
  json.member("created_on", second_text(created_ms)).member("changed_on", second_text(changed_ms));
}

}  // namespace

Offsets next_offsets(const Upload& upload) {
  const std::uint64_t whole = expected_bytes(upload).value_or(upload.bytes_received);
  return {upload.bytes_received, std::max(upload.bytes_received, std::min(upload.bytes_received + kChunkBytes, whole))};
}

std::string asset_view(const Media& media, const std::string& original_url) {
  const media::ProbeResult& probe = media.probe;
  JsonWriter json;
  json.begin_object().member("id", media.id).member("type", unless_empty(word(media.type)));
  write_file(json, media.title, media.file_name, media.content_type);
  json.member("status", word(media.status)).member("progress", progress_of(media));
  json.member("error", unless_empty(media.error));
  json.member("file_size", media.size_bytes).member("width", unless_zero(probe.width));
  json.member("height", unless_zero(probe.height));
  json.member("duration",
              probe.duration_ms == 0 ? std::nullopt : std::optional(static_cast<double>(probe.duration_ms) / 1000));
  json.member("description", unless_empty(media.details.description)).member("tags", media.details.tags);
  json.member("url", original_url);
  write_times(json, media.created_ms, media.updated_ms);
  json.end_object();
  return json.take();
}

std::string asset_view(const Upload& upload) {
  JsonWriter json;
  json.begin_object().member("id", upload.id).member("type", nullptr);
  write_file(json, upload.title.empty() ? upload.file_name : upload.title, upload.file_name, upload.content_type);
  json.member("status", "uploading").member("file_size", expected_bytes(upload));
  write_offsets(json, upload);
  write_times(json, upload.created_ms, upload.updated_ms);
  json.end_object();
  return json.take();
}

std::string offsets_view(const Upload& upload) {
  JsonWriter json;
  json.begin_object().member("id", upload.id);
  write_offsets(json, upload);
  json.end_object();
  return json.take();
}

}  // namespace millrace::handlers::assets
