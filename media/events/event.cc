#include "media/events/event.h"

#include <algorithm>
#include <atomic>
#include <charconv>

#include "media/catalog/media.h"
#include "media/records/codec_event.h"
#include "media/records/id.h"
#include "media/records/keys_events.h"
#include "media/uploads/upload.h"
#include "server/http/absent.h"
#include "server/http/date.h"
#include "server/http/json.h"

namespace millrace::media {
namespace {

using http::JsonWriter;
using http::unless_empty;

// A stamp is a time in milliseconds with room for so many bits of events within one.
constexpr int kWithinMsBits = 20;

std::atomic<std::uint64_t> last_stamp = 0;

void raise_stamp(std::uint64_t to) {
  std::uint64_t last = last_stamp.load();
  while (last < to && !last_stamp.compare_exchange_weak(last, to)) {
  }
}

std::uint64_t next_stamp(std::int64_t now_ms) {
  const std::uint64_t wanted = static_cast<std::uint64_t>(now_ms) << kWithinMsBits;
  std::uint64_t last = last_stamp.load();
  while (!last_stamp.compare_exchange_weak(last, std::max(last + 1, wanted))) {
  }
  return std::max(last + 1, wanted);
}

std::string data_of(const Upload& upload) {
  JsonWriter json;
  json.begin_object().member("id", upload.id).member("state", word(upload.state));
  json.member("fileName", upload.file_name).member("type", word(upload.type));
  json.member("contentType", upload.content_type);
  json.member("size", upload.whole ? std::optional(upload.bytes_received) : upload.declared_bytes);
  json.member("bytesReceived", upload.bytes_received).member_if("title", unless_empty(upload.title));
  json.member_if("channelId", unless_empty(upload.channel_id)).member_if("mediaId", unless_empty(upload.media_id));
  json.member_if("duplicateOf", unless_empty(upload.duplicate_of)).member_if("error", unless_empty(upload.error));
  json.member("createdAt", http::iso_time(upload.created_ms)).end_object();
  return json.take();
}

std::string data_of(const Media& media) {
  JsonWriter json;
  json.begin_object().member("id", media.id).member("status", word(media.status));
  json.member("type", unless_empty(word(media.type))).member("title", media.title);
  json.member("fileName", media.file_name).member("contentType", media.content_type);
  json.member("size", media.size_bytes).member_if("error", unless_empty(media.error));
  if (media.probe.duration_ms > 0) json.member("duration", static_cast<double>(media.probe.duration_ms) / 1000);
  json.member_if("channelId", unless_empty(media.channel_id)).member_if("uploadId", unless_empty(media.upload_id));
  json.member("createdAt", http::iso_time(media.created_ms)).end_object();
  return json.take();
}

}  // namespace

void add_event(store::Transaction& transaction, NewEvent event, std::int64_t now_ms) {
  const Event stamped{.id = new_uuid(),
                      .tenant = std::move(event.tenant),
                      .type = std::move(event.type),
                      .subject = std::move(event.subject),
                      .data = event.data.empty() ? "{}" : std::move(event.data),
                      .at_ms = now_ms};
  transaction.put(keys::new_event(next_stamp(now_ms)), encode(stamped));
}

void stamp_after(std::string_view key) {
  const std::string digits = keys::last_part(key);
  std::uint64_t stamp = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), stamp, 16).ec == std::errc()) raise_stamp(stamp);
}

NewEvent event_of(const Upload& upload, std::string_view what) {
  return {
      .tenant = upload.tenant, .type = "upload." + std::string(what), .subject = upload.id, .data = data_of(upload)};
}

NewEvent event_of(const Media& media, std::string_view what) {
  return {.tenant = media.tenant, .type = "media." + std::string(what), .subject = media.id, .data = data_of(media)};
}

}  // namespace millrace::media
