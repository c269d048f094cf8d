// The keys of our records in the store, all below "m/". A tenant's things lie together, so that a list is one scan and
// another tenant's key can never be built from an id. An index is a record of its own with an empty value, written in
// the transaction that changes what it points to; its last part is the id.
//
//   m/tenant/TENANT                              Tenant
//   m/key/TENANT/KEY                             ApiKey
//   m/channel/TENANT/CHANNEL                     Channel
//   m/upload/TENANT/UPLOAD                       Upload
//   m/upload.time/TENANT/CREATED/UPLOAD          newest first when scanned in reverse
//   m/upload.open/EXPIRES/TENANT/UPLOAD          not ended; EXPIRES may be in the past of the record's
//   m/media/TENANT/MEDIA                         Media
//   m/media.time/TENANT/CREATED/MEDIA
//   m/same/TENANT/CRC64-SIZE/MEDIA               the media with this checksum and size
//   m/same.last/TENANT/CRC64-SIZE                changes with every new one of them, so that two of the same cannot
//                                                both find that there is none
//   m/rendition/TENANT/MEDIA/RENDITION           Rendition
//   m/rendition.place/RENDITION                  the key of that record
//   m/transcript/TENANT/MEDIA/LANGUAGE           Transcript
//   m/transcript.place/TRANSCRIPT                the key of that record
//   m/import/TENANT/IMPORT                       Import
//   m/import.time/TENANT/CREATED/IMPORT
//   m/import.upload/TENANT/UPLOAD                the id of the import that fetches this upload's bytes
//   m/transcript.failed/TENANT/MEDIA/LANGUAGE    why there is none, in words
//   m/playback.place/SHORT                       the key of the media with this short id
//   m/bucket/TENANT/BUCKET                       Bucket
//   m/object/TENANT/BUCKET/KEY                   BucketObject
//   m/object.parts/OBJECT                        of an object made of parts: their numbers, sizes and checksums
//   m/multipart/TENANT/BUCKET/KEY NUL MULTIPART  Multipart, until it is completed or aborted
//   m/multipart.done/…                           the same, to answer a repeat of its completion
//   m/multipart.open/EXPIRES/…                   of both; EXPIRES may be in the past of its last part
//   m/part/TENANT/MULTIPART/NUMBER               MultipartPart
//   m/download/TENANT/DOWNLOAD                   Download
//   m/download.time/TENANT/CREATED/DOWNLOAD      but for those of nobody
//   m/download.of-nobody/DOWNLOAD                the key of the record of one that was made without a key
//   m/download.file/FILE                         the key of the record with this file
//   m/download.due/WHEN/TENANT/DOWNLOAD          when it expires or, once that is done, is forgotten
//   m/hold/TENANT/OBJECT                         Hold: what downloads need of the bytes of others
//
// Times and numbers are 16 hexadecimal digits, so that they sort. Ids and names of buckets hold
// no '/'; the KEY of an object may, but no NUL.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::media::keys {

// Of one width, so that keys sort as the numbers in them do; none is below zero.
inline std::string ordered(std::int64_t number) { return fmt::format("{:016x}", static_cast<std::uint64_t>(number)); }

inline std::string tenants() { return "m/tenant/"; }
inline std::string tenant(std::string_view id) { return fmt::format("m/tenant/{}", id); }
inline std::string api_keys() { return "m/key/"; }
inline std::string api_key(std::string_view owner, std::string_view id) {
  return fmt::format("m/key/{}/{}", owner, id);
}

inline std::string channels(std::string_view owner) { return fmt::format("m/channel/{}/", owner); }
inline std::string channel(std::string_view owner, std::string_view id) {
  return fmt::format("m/channel/{}/{}", owner, id);
}

inline std::string all_uploads() { return "m/upload/"; }
inline std::string uploads(std::string_view owner) { return fmt::format("m/upload/{}/", owner); }
inline std::string upload(std::string_view owner, std::string_view id) {
  return fmt::format("m/upload/{}/{}", owner, id);
}
inline std::string upload_times(std::string_view owner) { return fmt::format("m/upload.time/{}/", owner); }
inline std::string upload_time(std::string_view owner, std::int64_t created_ms, std::string_view id) {
  return fmt::format("m/upload.time/{}/{}/{}", owner, ordered(created_ms), id);
}
inline std::string open_uploads() { return "m/upload.open/"; }
inline std::string open_upload(std::int64_t expires_ms, std::string_view owner, std::string_view id) {
  return fmt::format("m/upload.open/{}/{}/{}", ordered(expires_ms), owner, id);
}

inline std::string all_medias() { return "m/media/"; }
inline std::string medias(std::string_view owner) { return fmt::format("m/media/{}/", owner); }
inline std::string media(std::string_view owner, std::string_view id) {
  return fmt::format("m/media/{}/{}", owner, id);
}
inline std::string media_times(std::string_view owner) { return fmt::format("m/media.time/{}/", owner); }
inline std::string media_time(std::string_view owner, std::int64_t created_ms, std::string_view id) {
  return fmt::format("m/media.time/{}/{}/{}", owner, ordered(created_ms), id);
}
// Media of equal bytes have equal fingerprints; the reverse is to be checked.
inline std::string fingerprint(std::uint64_t crc64nvme, std::uint64_t size_bytes) {
  return fmt::format("{:016x}-{:x}", crc64nvme, size_bytes);
}
inline std::string same(std::string_view owner, std::string_view print, std::string_view id = {}) {
  return fmt::format("m/same/{}/{}/{}", owner, print, id);
}
inline std::string same_last(std::string_view owner, std::string_view print) {
  return fmt::format("m/same.last/{}/{}", owner, print);
}

inline std::string all_renditions() { return "m/rendition/"; }
inline std::string renditions(std::string_view owner, std::string_view media) {
  return fmt::format("m/rendition/{}/{}/", owner, media);
}
inline std::string rendition(std::string_view owner, std::string_view media, std::string_view id) {
  return fmt::format("m/rendition/{}/{}/{}", owner, media, id);
}
inline std::string rendition_place(std::string_view id) { return fmt::format("m/rendition.place/{}", id); }
inline std::string transcripts(std::string_view owner, std::string_view media) {
  return fmt::format("m/transcript/{}/{}/", owner, media);
}
inline std::string transcript(std::string_view owner, std::string_view media, std::string_view language) {
  return fmt::format("m/transcript/{}/{}/{}", owner, media, language);
}
inline std::string transcript_place(std::string_view id) { return fmt::format("m/transcript.place/{}", id); }

inline std::string imports(std::string_view owner) { return fmt::format("m/import/{}/", owner); }
inline std::string import(std::string_view owner, std::string_view id) {
  return fmt::format("m/import/{}/{}", owner, id);
}
inline std::string import_times(std::string_view owner) { return fmt::format("m/import.time/{}/", owner); }
inline std::string import_time(std::string_view owner, std::int64_t created_ms, std::string_view id) {
  return fmt::format("m/import.time/{}/{}/{}", owner, ordered(created_ms), id);
}
inline std::string import_upload(std::string_view owner, std::string_view upload) {
  return fmt::format("m/import.upload/{}/{}", owner, upload);
}
inline std::string failed_transcripts(std::string_view owner, std::string_view media) {
  return fmt::format("m/transcript.failed/{}/{}/", owner, media);
}
inline std::string failed_transcript(std::string_view owner, std::string_view media, std::string_view language) {
  return fmt::format("m/transcript.failed/{}/{}/{}", owner, media, language);
}
inline std::string playback_place(std::string_view short_id) { return fmt::format("m/playback.place/{}", short_id); }

inline std::string buckets(std::string_view owner) { return fmt::format("m/bucket/{}/", owner); }
inline std::string bucket(std::string_view owner, std::string_view name) {
  return fmt::format("m/bucket/{}/{}", owner, name);
}
inline std::string all_bucket_objects() { return "m/object/"; }
inline std::string bucket_objects(std::string_view owner, std::string_view bucket) {
  return fmt::format("m/object/{}/{}/", owner, bucket);
}
inline std::string bucket_object(std::string_view owner, std::string_view bucket, std::string_view key) {
  return fmt::format("m/object/{}/{}/{}", owner, bucket, key);
}
inline std::string object_parts(std::string_view object) { return fmt::format("m/object.parts/{}", object); }

inline constexpr char kBehindKey = '\0';
// What the records of one multipart upload have in common, and what those of a bucket or a key begin with.
inline std::string multipart_path(std::string_view owner, std::string_view bucket, std::string_view key,
                                  std::string_view id) {
  return fmt::format("{}/{}/{}{}{}", owner, bucket, key, kBehindKey, id);
}
inline std::string multiparts(std::string_view owner, std::string_view bucket) {
  return fmt::format("m/multipart/{}/{}/", owner, bucket);
}
inline std::string multipart(std::string_view path) { return fmt::format("m/multipart/{}", path); }
inline std::string done_multipart(std::string_view path) { return fmt::format("m/multipart.done/{}", path); }
inline std::string open_multiparts() { return "m/multipart.open/"; }
inline std::string open_multipart(std::int64_t expires_ms, std::string_view path) {
  return fmt::format("m/multipart.open/{}/{}", ordered(expires_ms), path);
}
inline std::string all_parts() { return "m/part/"; }
inline std::string parts(std::string_view owner, std::string_view multipart) {
  return fmt::format("m/part/{}/{}/", owner, multipart);
}
inline std::string part(std::string_view owner, std::string_view multipart, std::uint32_t number) {
  return fmt::format("m/part/{}/{}/{}", owner, multipart, ordered(number));
}

inline std::string all_downloads() { return "m/download/"; }
inline std::string downloads(std::string_view owner) { return fmt::format("m/download/{}/", owner); }
inline std::string download(std::string_view owner, std::string_view id) {
  return fmt::format("m/download/{}/{}", owner, id);
}
inline std::string download_times(std::string_view owner) { return fmt::format("m/download.time/{}/", owner); }
inline std::string download_time(std::string_view owner, std::int64_t created_ms, std::string_view id) {
  return fmt::format("m/download.time/{}/{}/{}", owner, ordered(created_ms), id);
}
inline std::string download_of_nobody(std::string_view id) { return fmt::format("m/download.of-nobody/{}", id); }
inline std::string download_file(std::string_view file) { return fmt::format("m/download.file/{}", file); }
inline std::string due_downloads() { return "m/download.due/"; }
inline std::string due_download(std::int64_t due_ms, std::string_view owner, std::string_view id) {
  return fmt::format("m/download.due/{}/{}/{}", ordered(due_ms), owner, id);
}
inline std::string all_holds() { return "m/hold/"; }
inline std::string hold(std::string_view owner, std::string_view object) {
  return fmt::format("m/hold/{}/{}", owner, object);
}

// Whose record this is, when it is of a kind that names bytes, or ends with those that do; empty for all others.
inline std::string owner_of_bytes(std::string_view key) {
  for (std::string_view kind :
       {"m/upload/", "m/media/", "m/object/", "m/part/", "m/multipart/", "m/rendition/", "m/download/", "m/hold/"}) {
    if (!key.starts_with(kind)) continue;
    key.remove_prefix(kind.size());
    return std::string(key.substr(0, key.find('/')));
  }
  return {};
}

inline std::string last_part(std::string_view key) { return std::string(key.substr(key.rfind('/') + 1)); }

}  // namespace millrace::media::keys
