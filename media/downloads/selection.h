// What was selected for a download, looked up: every file with its name, size and checksum, and what must stay true for
// it until the download is committed. Any loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/catalog/catalog.h"
#include "media/downloads/download.h"
#include "media/renditions/renditions.h"
#include "media/transcripts/formats.h"
#include "media/transcripts/transcripts.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// Texts of one download before they are packed: they are in memory together.
inline constexpr std::size_t kTextsMaxBytes = std::size_t{64} << 20;

struct TranscriptChoice {
  std::string id;
  TranscriptFormat format = TranscriptFormat::kTxt;
};

struct NewDownload {
  std::string title = {};
  std::string description = {};
  std::vector<std::string> media_ids = {};
  std::vector<std::string> rendition_ids = {};
  std::vector<TranscriptChoice> transcripts = {};
  std::optional<bool> compressed = {};  // unless it says, one file is sent as it is
  std::optional<std::int64_t> expires_ms = {};
};

// Where things are looked up; all outlive it.
struct Library {
  store::Store& store;
  Catalog& catalog;
  Renditions& renditions;
  Transcripts& transcripts;
};

struct Selected {
  std::vector<DownloadItem> items;
  bool compressed = true;
  std::string content_type;  // of the one file that is sent as it is
  std::string etag;
  std::string texts;              // what is stored with the download; items name it by their offset
  store::Transaction conditions;  // that the owners of what is held are as they were read
};

// What is selected twice is taken once. kNotFound and kInvalid name the field, kDamaged says whose bytes are lost.
rt::Task<rt::Result<Selected>> select_files(Library library, std::string tenant, const NewDownload& wanted);
// The same for one rendition that anybody may have; kNotFound, the same words for one that does not exist. Tells whose
// it is.
rt::Task<rt::Result<std::string>> owner_of_public(Library library, std::string rendition_id);

}  // namespace millrace::media
