#include "media/imports/import.h"

#include <algorithm>

#include "server/http/absent.h"
#include "server/http/date.h"
#include "server/http/json.h"
#include "server/outbound/url.h"

namespace millrace::media {
namespace {

void write_file(http::JsonWriter& json, const ImportFile& file, bool for_others) {
  json.begin_object()
      .member("url", shown_url(file, for_others))
      .member("name", file.name)
      .member("filename", file.file_name);
  json.member_if("transcriptionLanguageCode", http::unless_empty(file.language)).member("status", word(file.status));
  json.member("errorMessages", file.errors).member("uploadId", http::unless_empty(file.upload_id));
  json.member_if("mediaId", http::unless_empty(file.media_id));
  json.member("bytesReceived", file.bytes_received).member("size", file.size_bytes).end_object();
}

}  // namespace

std::string_view word(ImportStatus status) {
  static constexpr std::string_view kWords[] = {"Pending", "Running", "Success", "Failed", "Cancelled"};
  return kWords[static_cast<std::size_t>(status)];
}

ImportStatus status_of(const Import& import) {
  const auto any = [&](ImportStatus status) {
    return std::ranges::count(import.files, status, &ImportFile::status) > 0;
  };
  const bool ended = std::ranges::all_of(import.files, [](const ImportFile& file) { return has_ended(file.status); });
  const bool begun =
      std::ranges::any_of(import.files, [](const ImportFile& file) { return file.status != ImportStatus::kPending; });
  if (!ended) return begun ? ImportStatus::kRunning : ImportStatus::kPending;
  if (any(ImportStatus::kFailed)) return ImportStatus::kFailed;
  return any(ImportStatus::kCancelled) ? ImportStatus::kCancelled : ImportStatus::kSuccess;
}

std::string shown_url(const ImportFile& file, bool for_others) {
  std::string url = outbound::url_without_user(file.url);
  if (for_others) url.resize(std::min(url.find('?'), url.size()));
  return url;
}

std::string json_of(const Import& import, bool for_others) {
  http::JsonWriter json;
  json.begin_object().member("id", import.id).member("status", word(status_of(import)));
  json.member_if("channel", http::unless_empty(import.channel_id)).key("files").begin_array();
  for (const ImportFile& file : import.files) write_file(json, file, for_others);
  json.end_array().member("createdAt", http::iso_time(import.created_ms));
  json.member("updatedAt", http::iso_time(import.updated_ms)).end_object();
  return json.take();
}

Media media_to_be(const ImportFile& file, const Upload& upload) {
  Media media;
  media.id = media.upload_id = upload.id;
  media.tenant = upload.tenant;
  media.channel_id = upload.channel_id;
  media.title = upload.title.empty() ? upload.file_name : upload.title;
  media.file_name = upload.file_name;
  media.content_type = upload.content_type;
  media.size_bytes = expected_bytes(upload).value_or(0);
  media.details = upload.details;
  media.created_ms = upload.created_ms;
  media.updated_ms = upload.updated_ms;
  media.status = MediaStatus::kPreparing;
  if (file.status != ImportStatus::kFailed && file.status != ImportStatus::kCancelled) return media;
  media.status = MediaStatus::kErrored;
  media.error = file.errors.empty() ? "the import was cancelled" : file.errors.back();
  return media;
}

}  // namespace millrace::media
