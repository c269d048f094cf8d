// An import as a value: files that we fetch from other servers, each into an upload of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/catalog/details.h"
#include "media/catalog/media.h"
#include "media/uploads/upload.h"
#include "store/store.h"

namespace millrace::media {

enum class ImportStatus : std::uint8_t { kPending, kRunning, kSuccess, kFailed, kCancelled };

// "Pending", "Running", "Success", "Failed", "Cancelled".
std::string_view word(ImportStatus status);

inline bool has_ended(ImportStatus status) noexcept { return status >= ImportStatus::kSuccess; }

struct ImportFile {
  std::string url;  // as it was given; shown by shown_url() only
  std::string name;
  std::string file_name;
  bool is_named = false;  // file_name was given; otherwise the server may name a better one
  std::string language = {};
  ImportStatus status = ImportStatus::kPending;
  std::vector<std::string> errors = {};  // in words: of a failure, or of the attempts that a further one follows
  std::string upload_id = {};
  std::string media_id = {};
  std::optional<std::uint64_t> size_bytes = {};
  std::uint64_t bytes_received = 0;
  std::uint32_t attempt = 0;      // in a row that brought no byte
  std::string validator = {};     // for If-Range: the bytes that are here are of this version; empty: unknown
  std::string content_type = {};  // as the server said
  std::string job_id = {};        // the one that fetches it; every other is out of date
  bool is_page = false;           // the URL is of a page about it, which the resolver understands
};

struct Import {
  std::string id;
  std::string tenant;
  std::string channel_id;  // empty: the tenant's default
  std::vector<ImportFile> files;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  store::Revision revision = 0;
};

// Pending until a file runs; at the end Failed if any file failed, else Cancelled if any was, else Success.
ImportStatus status_of(const Import& import);

// Without user and password. For others than who gave it (`for_others`) without its query too: a signature may be in
// it.
std::string shown_url(const ImportFile& file, bool for_others = false);
// JSON, in the words of the v2 door: for it and (`for_others`) for events.
std::string json_of(const Import& import, bool for_others = false);

// What an imported file is to doors that know no uploads, while it is no media: preparing, or errored once it failed.
Media media_to_be(const ImportFile& file, const Upload& upload);

}  // namespace millrace::media
