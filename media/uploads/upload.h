// An upload as a value: one file on its way in, from the announcement to the media made of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/catalog/details.h"
#include "store/store.h"

namespace millrace::media {

enum class UploadState : std::uint8_t { kCreated, kUploading, kCompleted, kCancelled, kFailed, kExpired };
enum class UploadType : std::uint8_t {
  kPut,
  kMultipart,
  kTus,
  kForm,    // one form that brings the file with it
  kPhased,  // several forms, a chunk in each
};

// "created", "uploading", ...; "put", "multipart", "tus", "form", "phased".
std::string_view word(UploadState state);
std::string_view word(UploadType type);
// Those that can be announced by type: forms say by themselves what they are.
std::optional<UploadType> parse_upload_type(std::string_view word);

// Bytes that arrived and are committed: an object of its own until the upload is completed.
struct UploadPart {
  store::ObjectId object;
  std::uint64_t size_bytes = 0;
  std::uint64_t crc64nvme = 0;
  bool operator==(const UploadPart&) const = default;
};

struct Upload {
  std::string id;
  std::string tenant;
  UploadState state = UploadState::kCreated;
  UploadType type = UploadType::kMultipart;
  std::string file_name;
  std::string content_type;
  std::optional<std::uint64_t> declared_bytes;
  std::string channel_id;  // empty: the tenant's default when completed
  std::string title;       // empty: the file's name
  std::vector<std::string> transcript_languages;
  std::map<std::string, std::string> metadata;
  Details details = {};
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;  // the last activity
  std::int64_t expires_ms = 0;  // moves with every activity
  std::uint64_t bytes_received = 0;
  std::optional<std::uint64_t> total_bytes;  // of the file these bytes begin, as its sender said
  bool whole = false;                        // the last transfer ended cleanly: nothing is known to be missing
  std::string media_id;                      // when completed
  std::string duplicate_of;                  // the media that has these bytes already, when failed for it
  std::string error;                         // why it failed, in words
  std::string etag;                          // of the whole file, as its sender through S3 knows it
  std::vector<UploadPart> parts;
  bool completes_itself = false;    // the last byte makes the media; otherwise complete() does
  bool is_piece = false;            // of a file that is joined from several uploads; never a media of its own
  std::string joined_into;          // a piece: the upload that it is for, once that is known
  std::vector<std::string> pieces;  // a joined upload: the ids of what it is made of, in order
  std::int64_t swept_ms = 0;        // its place in the index of open uploads; expires_ms may have moved on since
  store::Revision revision = 0;
};

// Made of pieces; takes no bytes itself.
inline bool is_joined(const Upload& upload) noexcept { return !upload.pieces.empty(); }

// Neither completed nor ended in another way.
inline bool is_open(const Upload& upload) noexcept {
  return upload.state == UploadState::kCreated || upload.state == UploadState::kUploading;
}

// kConflict, in words that tell the state.
std::unexpected<rt::Error> not_open(const Upload& upload);

// How many bytes the file has when it is whole; nothing when nobody said.
inline std::optional<std::uint64_t> expected_bytes(const Upload& upload) noexcept {
  if (upload.whole) return upload.bytes_received;
  return upload.declared_bytes ? upload.declared_bytes : upload.total_bytes;
}

// What a client announces.
struct NewUpload {
  UploadType type = UploadType::kMultipart;
  std::string file_name = {};
  std::string content_type = {};  // empty: application/octet-stream
  std::optional<std::uint64_t> declared_bytes = {};
  std::string channel_id = {};
  std::string title = {};
  std::vector<std::string> transcript_languages = {};
  std::map<std::string, std::string> metadata = {};
  bool completes_itself = false;
  bool is_piece = false;
  Details details = {};
};

}  // namespace millrace::media
