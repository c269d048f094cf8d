// A download as a value: files chosen from a library, packed into an archive that is made while it is sent, or one file
// as it is. What it consists of is settled when it is created and never changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace millrace::media {

// There is nothing to prepare: a download is ready when it is created, or failed. `kPreparing` is a word of the
// contract.
enum class DownloadStatus : std::uint8_t { kPreparing, kReady, kFailed };

// "preparing", "ready", "failed".
std::string_view word(DownloadStatus status);

// One file of it: a run of a stored object.
struct DownloadItem {
  std::string name;  // unique in the download
  store::ObjectId object;
  std::uint64_t offset = 0;        // in the object
  std::uint64_t stored_bytes = 0;  // in the object
  std::uint64_t size_bytes = 0;    // of the file
  std::uint32_t crc32 = 0;         // of the file
  std::int64_t modified_ms = 0;
  bool deflated = false;
  bool held = false;  // the object is a media's or a rendition's (holds.h), not the download's own
};

struct Download {
  std::string id;  // unique among all tenants
  std::string tenant;
  std::string file_id;  // who knows it gets the bytes
  std::string title;
  std::string description;
  DownloadStatus status = DownloadStatus::kReady;
  std::string message;      // why it failed
  bool compressed = false;  // a zip archive; else the one file it has
  bool of_nobody = false;   // made without a key: no list of the tenant has it
  std::string file_name;    // of what is sent
  std::string content_type;
  std::string etag;  // without quotes
  std::uint64_t size_bytes = 0;
  std::vector<DownloadItem> items;       // none once it has expired
  std::optional<store::ObjectId> texts;  // its own object, with all its transcripts
  std::uint64_t texts_bytes = 0;
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;
  std::int64_t forgotten_ms = 0;  // when the record goes; 0: it holds its bytes
  store::Revision revision = 0;
};

inline bool has_expired(const Download& download, std::int64_t now_ms) noexcept {
  return download.forgotten_ms != 0 || download.expires_ms <= now_ms;
}

}  // namespace millrace::media
