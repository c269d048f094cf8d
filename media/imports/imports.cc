#include "media/imports/imports.h"

#include <fmt/format.h>

#include <algorithm>

#include "media/events/event.h"
#include "media/jobs/jobs.h"
#include "media/records/codec_import.h"
#include "media/records/id.h"
#include "media/records/keys.h"
#include "media/records/limits.h"
#include "media/records/records.h"
#include "media/records/select.h"
#include "media/uploads/uploads.h"
#include "server/outbound/url.h"

namespace millrace::media {
namespace {

using rt::Code;

// Files of one import end at the same time; each lost race means that another one was told.
constexpr int kChangeRounds = 200;
constexpr std::string_view kNamelessFile = "import";

constexpr Field<Import> kFields[] = {
    {"status", [](const Import& import) { return std::string(word(status_of(import))); }},
    {"createdAt", [](const Import& import) { return keys::ordered(import.created_ms); }, false},
    {"updatedAt", [](const Import& import) { return keys::ordered(import.updated_ms); }, false},
};

std::string field_of(std::size_t index, std::string_view name) { return fmt::format("files[{}].{}", index, name); }

rt::Result<NewImportFile> checked(NewImportFile file, std::size_t index) {
  auto parts = outbound::parse_url(file.url, field_of(index, "url"));
  if (!parts) return rt::pass(parts);
  auto good = check_text(file.name, {"a name", field_of(index, "name"), 0, kTitleMaxBytes});
  if (good) good = check_text(file.file_name, {"a file name", field_of(index, "filename"), 0, kFileNameMaxBytes});
  if (!good) return rt::pass(good);
  return file;
}

std::string file_name_of(const NewImportFile& file) {
  if (!file.file_name.empty()) return file.file_name;
  const auto parts = outbound::parse_url(file.url);
  const std::string name = parts ? parts->last_segment : std::string();
  const bool usable = check_text(name, {"a file name", "filename", 1, kFileNameMaxBytes}).has_value() &&
                      name.find('/') == std::string::npos;
  return usable ? name : std::string(kNamelessFile);
}

NewUpload upload_of(const NewImportFile& file, const std::string& channel_id) {
  NewUpload upload{.type = UploadType::kPut,
                   .file_name = file_name_of(file),
                   .channel_id = channel_id,
                   .title = file.name,
                   .details = file.details};
  if (!file.language.empty()) upload.transcript_languages = {file.language};
  upload.details.origin = Origin::kUrl;
  return upload;
}

ImportFile record_of(const NewImportFile& file, std::string upload_id) {
  return {.url = file.url,
          .name = file.name,
          .file_name = file_name_of(file),
          .is_named = !file.file_name.empty(),
          .language = file.language,
          .upload_id = std::move(upload_id)};
}

// The domain's names of what was sent.
rt::Error renamed(rt::Error error, std::size_t index) {
  if (error.field == "transcriptLanguageCodes") error.field = field_of(index, "transcriptionLanguageCode");
  if (error.field == "channelId") error.field = "channel";
  if (error.field == "title") error.field = field_of(index, "name");
  if (error.field == "fileName") error.field = field_of(index, "filename");
  return error;
}

NewEvent event_of(const Import& import) {
  const bool failed = status_of(import) == ImportStatus::kFailed;
  return {.tenant = import.tenant,
          .type = failed ? "import.failed" : "import.completed",
          .subject = import.id,
          .data = json_of(import, true)};
}

}  // namespace

Imports::Imports(store::Store& store, Uploads& uploads, Jobs& jobs, Clock clock)
    : store_(store), uploads_(uploads), jobs_(jobs), clock_(clock) {}

rt::Task<rt::Result<Import>> Imports::create(std::string tenant, NewImport input) {
  if (input.files.empty()) co_return rt::fail(Code::kInvalid, "an import has at least one file", "files");
  if (input.files.size() > limits_.files_max) {
    co_return rt::fail(Code::kInvalid, fmt::format("an import has at most {} files", limits_.files_max), "files");
  }
  for (std::size_t i = 0; i < input.files.size(); ++i) {
    auto good = checked(input.files[i], i);
    if (!good) co_return rt::pass(good);
  }
  Import import{.id = new_uuid(), .tenant = tenant, .channel_id = input.channel_id, .files = {}};
  for (std::size_t i = 0; i < input.files.size(); ++i) {
    auto upload = co_await announce(tenant, input.files[i], input.channel_id);
    if (!upload) {
      for (const ImportFile& file : import.files) co_await uploads_.discard(tenant, file.upload_id);
      co_return std::unexpected(renamed(std::move(upload.error()), i));
    }
    import.files.push_back(record_of(input.files[i], std::move(*upload)));
  }
  import.created_ms = import.updated_ms = clock_();
  store::Transaction transaction;
  for (std::size_t i = 0; i < import.files.size(); ++i) queue(transaction, import, i);
  for (const ImportFile& file : import.files) {
    transaction.put(keys::import_upload(tenant, file.upload_id), import.id);
  }
  transaction.require(keys::import(tenant, import.id), 0);
  transaction.put(keys::import(tenant, import.id), encode(import));
  transaction.put(keys::import_time(tenant, import.created_ms, import.id), {});
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  import.revision = *committed;
  jobs_.wake();
  co_return import;
}

rt::Task<rt::Result<std::string>> Imports::announce(std::string tenant, NewImportFile file, std::string channel_id) {
  auto upload = co_await uploads_.create(std::move(tenant), upload_of(file, channel_id));
  if (!upload) co_return rt::pass(upload);
  co_return std::move(upload->id);
}

void Imports::queue(store::Transaction& transaction, Import& import, std::size_t index, std::int64_t delay_ms) const {
  import.files[index].job_id = jobs_.add_to(transaction, {.kind = std::string(kImportKind),
                                                          .tenant = import.tenant,
                                                          .subject = import.id,
                                                          .payload = std::to_string(index),
                                                          .delay_ms = delay_ms});
}

rt::Task<rt::Result<Import>> Imports::load(std::string tenant, std::string id) {
  auto record = co_await get_record(store_, keys::import(tenant, id), "import");
  if (!record) co_return rt::pass(record);
  co_return decode_import(*record);
}

rt::Task<rt::Result<Import>> Imports::get(std::string tenant, std::string id) {
  auto import = co_await load(std::move(tenant), std::move(id));
  if (!import) co_return import;
  co_await merge_progress(*import);
  co_return import;
}

rt::Task<rt::Result<Page<Import>>> Imports::list(std::string tenant, Query query) {
  if (query.filters.empty() && query.sort.empty()) {
    auto page = co_await newest<Import>(store_, tenant, keys::import_times(tenant), keys::import, decode_import, query);
    if (!page) co_return rt::pass(page);
    for (Import& import : page->items) co_await merge_progress(import);
    co_return page;
  }
  auto all = co_await load_all<Import>(store_, keys::imports(tenant), decode_import);
  if (!all) co_return rt::pass(all);
  auto page = select<Import>(std::move(*all), query, kFields);
  if (!page) co_return rt::pass(page);
  for (Import& import : page->items) co_await merge_progress(import);
  co_return page;
}

rt::Task<void> Imports::merge_progress(Import& import) {
  for (ImportFile& file : import.files) {
    if (file.status != ImportStatus::kRunning) continue;
    auto upload = co_await uploads_.get(import.tenant, file.upload_id);
    if (upload) file.bytes_received = upload->bytes_received;
  }
}

rt::Task<rt::Result<Import>> Imports::change(std::string tenant, std::string id, Edit edit) {
  for (int round = 0; round < kChangeRounds; ++round) {
    auto import = co_await load(tenant, id);
    if (!import) co_return import;
    const bool had_ended = has_ended(status_of(*import));
    store::Transaction transaction;
    if (!edit(*import, transaction)) co_return import;
    import->updated_ms = clock_();
    transaction.require(keys::import(tenant, id), import->revision);
    transaction.put(keys::import(tenant, id), encode(*import));
    const ImportStatus status = status_of(*import);
    const bool ends = !had_ended && has_ended(status) && status != ImportStatus::kCancelled;
    if (ends) add_event(transaction, event_of(*import), import->updated_ms);
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) {
      import->revision = *committed;
      co_return import;
    }
    if (committed.error().code != Code::kConflict) co_return rt::pass(committed);
  }
  co_return rt::fail(Code::kUnavailable, "the import is changed too often");
}

rt::Task<rt::Result<Import>> Imports::cancel(std::string tenant, std::string id) {
  const Edit mark = [](Import& import, store::Transaction& transaction) {
    bool any = false;
    for (ImportFile& file : import.files) {
      if (has_ended(file.status)) continue;
      file.status = ImportStatus::kCancelled;
      transaction.erase(keys::import_upload(import.tenant, file.upload_id));
      any = true;
    }
    return any;
  };
  auto import = co_await change(tenant, id, mark);
  if (!import) co_return import;
  auto freed = co_await free(*import);
  if (!freed) co_return rt::pass(freed);
  co_return import;
}

// What runs is evicted by the end of its upload; then its job is told. After a crash in between the job finds out by
// itself.
rt::Task<rt::Status> Imports::free(Import import) {
  for (const ImportFile& file : import.files) {
    if (file.status == ImportStatus::kSuccess || file.upload_id.empty()) continue;
    auto ended = co_await uploads_.cancel(import.tenant, file.upload_id);
    const bool harmless = ended || ended.error().code == Code::kNotFound || ended.error().code == Code::kConflict;
    if (!harmless) co_return rt::pass(ended);
    if (!file.job_id.empty()) co_await jobs_.cancel(file.job_id);
  }
  co_return rt::Status();
}

rt::Task<rt::Result<Import>> Imports::remove(std::string tenant, std::string id) {
  auto before = co_await load(tenant, id);
  if (!before) co_return before;
  auto import = co_await cancel(tenant, id);
  if (!import || !has_ended(status_of(*before))) co_return import;
  store::Transaction transaction;
  transaction.require(keys::import(tenant, id), import->revision);
  transaction.erase(keys::import(tenant, id));
  transaction.erase(keys::import_time(tenant, import->created_ms, id));
  for (const ImportFile& file : import->files) transaction.erase(keys::import_upload(tenant, file.upload_id));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return import;
}

rt::Task<rt::Result<Import>> Imports::retry(std::string tenant, std::string id) {
  auto before = co_await load(tenant, id);
  if (!before) co_return before;
  auto reopened = co_await reopen(*before);
  if (!reopened) co_return rt::pass(reopened);
  bool any = false;
  const Edit again = [this, &any, ready = *before](Import& import, store::Transaction& transaction) {
    any = false;
    for (std::size_t i = 0; i < import.files.size(); ++i) {
      ImportFile& file = import.files[i];
      if (file.status != ImportStatus::kFailed) continue;
      const bool is_new = file.upload_id != ready.files[i].upload_id;
      if (is_new) transaction.erase(keys::import_upload(import.tenant, file.upload_id));
      if (is_new) file.validator.clear();
      file.upload_id = ready.files[i].upload_id;
      transaction.put(keys::import_upload(import.tenant, file.upload_id), import.id);
      file.status = ImportStatus::kPending;
      file.errors.clear();
      file.attempt = 0;
      queue(transaction, import, i);
      any = true;
    }
    return any;
  };
  auto import = co_await change(std::move(tenant), std::move(id), again);
  if (!import) co_return import;
  if (!any) co_return rt::fail(Code::kConflict, "no file of the import has failed");
  jobs_.wake();
  co_return import;
}

// An upload that takes bytes for every file that failed: the one it had where that is still open.
rt::Task<rt::Status> Imports::reopen(Import& import) {
  std::vector<std::string> fresh;
  for (ImportFile& file : import.files) {
    if (file.status != ImportStatus::kFailed) continue;
    auto upload = co_await uploads_.load(import.tenant, file.upload_id);
    if (upload && is_open(*upload)) continue;
    NewImportFile wanted{file.url, file.name, file.is_named ? file.file_name : std::string(), file.language, {}};
    if (upload) wanted.details = upload->details;
    auto made = co_await announce(import.tenant, std::move(wanted), import.channel_id);
    if (!made) {
      for (const std::string& id : fresh) co_await uploads_.discard(import.tenant, id);
      co_return rt::pass(made);
    }
    fresh.push_back(*made);
    file.upload_id = std::move(*made);
  }
  co_return rt::Status();
}

rt::Task<rt::Result<Media>> Imports::pending(std::string tenant, std::string upload_id) {
  auto place = co_await get_record(store_, keys::import_upload(tenant, upload_id), "import");
  if (!place) co_return rt::pass(place);
  auto import = co_await load(tenant, std::move(place->value));
  if (!import) co_return rt::pass(import);
  const auto file = std::ranges::find(import->files, upload_id, &ImportFile::upload_id);
  auto upload = co_await uploads_.get(std::move(tenant), upload_id);
  if (!upload) co_return rt::pass(upload);
  if (file == import->files.end() || upload->state == UploadState::kCompleted) {
    co_return rt::fail(Code::kNotFound, "no such import");
  }
  co_return media_to_be(*file, *upload);
}

rt::Task<rt::Status> Imports::drop(std::string tenant, std::string upload_id) {
  auto place = co_await get_record(store_, keys::import_upload(tenant, upload_id), "import");
  if (!place) co_return rt::pass(place);
  bool is_made = false;
  const Edit give_up = [&](Import& import, store::Transaction& transaction) {
    const auto file = std::ranges::find(import.files, upload_id, &ImportFile::upload_id);
    is_made = file == import.files.end() || file->status == ImportStatus::kSuccess;
    if (is_made) return false;
    if (!has_ended(file->status)) file->status = ImportStatus::kCancelled;
    transaction.erase(keys::import_upload(import.tenant, upload_id));
    return true;
  };
  auto import = co_await change(tenant, std::move(place->value), give_up);
  if (!import) co_return rt::pass(import);
  if (is_made) co_return rt::fail(Code::kNotFound, "no such import");
  std::erase_if(import->files, [&](const ImportFile& file) { return file.upload_id != upload_id; });
  co_return co_await free(std::move(*import));
}

rt::Task<rt::Result<std::vector<Media>>> Imports::all_pending(std::string tenant) {
  auto places = co_await scan_all(store_, keys::import_upload(tenant, ""));
  if (!places) co_return rt::pass(places);
  std::vector<Media> medias;
  for (const store::Record& place : *places) {
    auto media = co_await pending(tenant, keys::last_part(place.key));
    if (media) medias.push_back(std::move(*media));
    const bool gone = !media && is_lost(media.error());
    if (!media && !gone) co_return rt::pass(media);
  }
  std::ranges::sort(medias, [](const Media& a, const Media& b) {
    return a.created_ms != b.created_ms ? a.created_ms > b.created_ms : a.id > b.id;
  });
  co_return medias;
}

}  // namespace millrace::media
