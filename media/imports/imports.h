// Imports: files that we fetch from other servers, the same for every door. Each file gets an upload when the import is
// made, and a job that fetches its bytes (importer.h); completed it is a media like any other. Any loop.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "media/catalog/details.h"
#include "media/imports/import.h"
#include "media/records/clock.h"
#include "media/records/listing.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Jobs;
class Uploads;

inline constexpr std::string_view kImportKind = "import";

struct NewImportFile {
  std::string url = {};
  std::string name = {};       // the media's title; empty: the file's name
  std::string file_name = {};  // empty: as the server or the URL names it
  std::string language = {};   // of the transcript
  Details details = {};
};

struct NewImport {
  std::vector<NewImportFile> files = {};
  std::string channel_id = {};  // empty: the tenant's default
};

struct ImportLimits {
  std::size_t files_max = 100;  // of one import
};

class Imports {
 public:
  // All outlive it.
  Imports(store::Store& store, Uploads& uploads, Jobs& jobs, Clock clock = system_clock_ms);

  // Before the first request.
  void limit(ImportLimits limits) { limits_ = limits; }

  // Every file is queued with the answer. Errors name the field as "files[2].url".
  rt::Task<rt::Result<Import>> create(std::string tenant, NewImport input);
  // With the progress of what runs right now.
  rt::Task<rt::Result<Import>> get(std::string tenant, std::string id);
  // Newest first. Sorts: createdAt updatedAt status. Filters: status.
  rt::Task<rt::Result<Page<Import>>> list(std::string tenant, Query query);
  // Stops what runs, frees what arrived of files that are no media. Ended ones stay as they are; a repeat is harmless.
  rt::Task<rt::Result<Import>> cancel(std::string tenant, std::string id);
  // Cancels it if it runs, else removes its record; media stay. Answers it as it then is, or was.
  rt::Task<rt::Result<Import>> remove(std::string tenant, std::string id);
  // Files that failed are fetched again, from where they were cut where that is possible. kConflict when none did.
  rt::Task<rt::Result<Import>> retry(std::string tenant, std::string id);

  // An imported file by its upload, while it is no media. kNotFound when no import fetches it.
  rt::Task<rt::Result<Media>> pending(std::string tenant, std::string upload_id);
  // Gives it up: cancelled if it is on its way, and in no case pending any more. kNotFound as above.
  rt::Task<rt::Status> drop(std::string tenant, std::string upload_id);
  // All of a tenant, newest first.
  rt::Task<rt::Result<std::vector<Media>>> all_pending(std::string tenant);

  // For the importer: reads, edits and writes until no other change came between. `edit` may put more into the
  // transaction; false leaves everything as it is. The import that ends with it is told as an event.
  using Edit = std::function<bool(Import&, store::Transaction&)>;
  rt::Task<rt::Result<Import>> change(std::string tenant, std::string id, Edit edit);
  rt::Task<rt::Result<Import>> load(std::string tenant, std::string id);
  // Puts a job that fetches the file into the transaction; jobs().wake() when it is committed.
  void queue(store::Transaction& transaction, Import& import, std::size_t index, std::int64_t delay_ms = 0) const;
  Jobs& jobs() noexcept { return jobs_; }

 private:
  rt::Task<rt::Result<std::string>> announce(std::string tenant, NewImportFile file, std::string channel_id);
  rt::Task<rt::Status> free(Import import);
  rt::Task<rt::Status> reopen(Import& import);
  rt::Task<void> merge_progress(Import& import);

  store::Store& store_;
  Uploads& uploads_;
  Jobs& jobs_;
  const Clock clock_;
  ImportLimits limits_;
};

}  // namespace millrace::media
