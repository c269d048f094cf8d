#include "media/downloads/downloads.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "media/archives/names.h"
#include "media/catalog/details.h"
#include "media/downloads/holds.h"
#include "media/events/event.h"
#include "media/records/codec_download.h"
#include "media/records/id.h"
#include "media/records/keys.h"
#include "media/records/limits.h"
#include "media/records/records.h"
#include "media/records/select.h"
#include "server/http/crypto.h"
#include "server/http/json.h"
#include "server/rt/timer.h"

namespace millrace::media {
namespace {

using rt::Code;

// Each lost race means that another change won, so a few rounds are enough for all but an endless storm of them.
constexpr int kUpdateRounds = 16;
// Many may want the same film at once, and each of them writes to its hold.
constexpr int kMakeRounds = 200;
constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::size_t kFileIdBytes = 24;
constexpr std::size_t kEtagHexDigits = 32;
constexpr const char* kZipType = "application/zip";

constexpr Field<Download> kFields[] = {
    {"title", [](const Download& download) { return download.title; }},
    {"name", [](const Download& download) { return download.title; }},
    {"status", [](const Download& download) { return std::string(word(download.status)); }},
    {"createdAt", [](const Download& download) { return keys::ordered(download.created_ms); }, false},
    {"expires", [](const Download& download) { return keys::ordered(download.expires_ms); }, false},
    {"size", [](const Download& download) { return keys::ordered(static_cast<std::int64_t>(download.size_bytes)); },
     false},
};

std::string new_file_id() {
  std::array<std::byte, kFileIdBytes> bytes;
  http::random_bytes(bytes);
  return http::hex(bytes);
}

std::string key_of(const Download& download) { return keys::download(download.tenant, download.id); }

// When it is looked at by itself next.
std::int64_t due_ms(const Download& download) {
  return download.forgotten_ms != 0 ? download.forgotten_ms : download.expires_ms;
}

std::string due_key(const Download& download) {
  return keys::due_download(due_ms(download), download.tenant, download.id);
}

// Its place where it is found by who may: the tenant's list, or its id alone.
std::string listed_key(const Download& download) {
  return download.of_nobody ? keys::download_of_nobody(download.id)
                            : keys::download_time(download.tenant, download.created_ms, download.id);
}

// Without the address of the file: that is for who made it.
NewEvent event_of(const Download& download) {
  http::JsonWriter json;
  json.begin_object().member("id", download.id).member("status", word(download.status));
  json.member("title", download.title).member("compressed", download.compressed).member("size", download.size_bytes);
  if (!download.message.empty()) json.member("message", download.message);
  json.end_object();
  return {.tenant = download.tenant,
          .type = fmt::format("download.{}", word(download.status)),
          .subject = download.id,
          .data = json.take()};
}

ZipLayout layout_of(const Download& download) {
  std::vector<ZipEntry> entries;
  entries.reserve(download.items.size());
  for (const DownloadItem& item : download.items) {
    entries.push_back({item.name, item.size_bytes, item.stored_bytes, item.crc32, item.modified_ms, item.deflated});
  }
  return ZipLayout(std::move(entries));
}

void describe_archive(Download& download) {
  const ZipLayout layout = layout_of(download);
  download.file_name = safe_name(download.title) + ".zip";
  download.content_type = kZipType;
  download.size_bytes = layout.size_bytes();
  download.etag = http::hex(http::sha256(http::bytes_of(layout.directory()))).substr(0, kEtagHexDigits);
}

void describe(Download& download, const Selected& selected) {
  download.compressed = selected.compressed;
  download.items = selected.items;
  if (selected.compressed) return describe_archive(download);
  const DownloadItem& file = download.items.front();
  download.file_name = file.name;
  download.content_type = selected.content_type;
  download.size_bytes = file.size_bytes;
  download.etag = selected.etag;
}

}  // namespace

std::string_view word(DownloadStatus status) {
  switch (status) {
    case DownloadStatus::kPreparing:
      return "preparing";
    case DownloadStatus::kReady:
      return "ready";
    case DownloadStatus::kFailed:
      return "failed";
  }
  return "";
}

Package::Package(Download of) : download(std::move(of)) {
  if (download.compressed) layout.emplace(layout_of(download));
}

rt::Status Downloads::check(const NewDownload& wanted) const {
  if (auto good = check_text(wanted.title, {"a title", "title", 1, kTitleMaxBytes}); !good) return good;
  if (auto good = check_details({.description = wanted.description}); !good) return good;
  const std::size_t count = wanted.media_ids.size() + wanted.rendition_ids.size() + wanted.transcripts.size();
  if (count == 0) return rt::fail(Code::kInvalid, "nothing is selected", "selectedMediaIds");
  if (count > limits_.entries_max) {
    const char* field = wanted.media_ids.size() > limits_.entries_max ? "selectedMediaIds" : "selectedRenditionIds";
    return rt::fail(Code::kInvalid, fmt::format("a download has {} files at most", limits_.entries_max), field);
  }
  if (!wanted.expires_ms) return {};
  const std::int64_t now_ms = clock_();
  const std::int64_t latest_ms = now_ms + limits_.expire_seconds_max * kMsPerSecond;
  if (*wanted.expires_ms > now_ms && *wanted.expires_ms <= latest_ms) return {};
  return rt::fail(Code::kInvalid, fmt::format("expires must lie in the next {} seconds", limits_.expire_seconds_max),
                  "expires");
}

rt::Task<rt::Result<Download>> Downloads::create(std::string tenant, NewDownload wanted) {
  auto good = check(wanted);
  if (!good) co_return rt::pass(good);
  Download download;
  download.tenant = std::move(tenant);
  co_return co_await make(std::move(download), std::move(wanted));
}

rt::Task<rt::Result<Download>> Downloads::create_for_nobody(NewDownload wanted) {
  if (!wanted.media_ids.empty() || !wanted.transcripts.empty() || wanted.rendition_ids.size() != 1) {
    co_return rt::fail(Code::kUnauthenticated, "without a key a download has exactly one rendition and nothing else");
  }
  auto good = check(wanted);
  if (!good) co_return rt::pass(good);
  auto owner = co_await owner_of_public(library_, wanted.rendition_ids.front());
  if (!owner) co_return rt::pass(owner);
  const std::int64_t latest_ms = clock_() + kNobodysSecondsMax * kMsPerSecond;
  wanted.expires_ms = std::min(wanted.expires_ms.value_or(latest_ms), latest_ms);
  Download download;
  download.tenant = std::move(*owner);
  download.of_nobody = true;
  co_return co_await make(std::move(download), std::move(wanted));
}

rt::Task<rt::Result<Download>> Downloads::make(Download download, NewDownload wanted) {
  download.id = new_uuid();
  download.file_id = new_file_id();
  download.title = wanted.title;
  download.description = wanted.description;
  download.created_ms = clock_();
  download.expires_ms = wanted.expires_ms.value_or(download.created_ms + limits_.expire_seconds * kMsPerSecond);
  for (int round = 0; round < kMakeRounds; ++round) {
    auto made = co_await try_make(download, wanted);
    if (made) {
      download.revision = *made;
      co_return download;
    }
    if (made.error().code != Code::kConflict) co_return rt::pass(made);
    // Downloads of the same media change the same hold, so those that met once must not meet again.
    co_await rt::sleep(std::chrono::milliseconds(store::ObjectId::random().low % (4 * (round + 1)) + 1));
  }
  co_return rt::fail(Code::kUnavailable, "what is selected is changed too often");
}

rt::Task<rt::Result<store::Revision>> Downloads::try_make(Download& download, const NewDownload& wanted) {
  store::Transaction transaction;
  download.status = DownloadStatus::kReady;
  auto selected = co_await select_files(library_, download.tenant, wanted);
  if (!selected && selected.error().code != Code::kDamaged) co_return rt::pass(selected);
  if (selected) {
    transaction = std::move(selected->conditions);
    describe(download, *selected);
    for (const DownloadItem& item : download.items) {
      if (!item.held) continue;
      auto held = co_await add_hold(store_, transaction, download.tenant, item.object, item.stored_bytes);
      if (!held) co_return rt::pass(held);
    }
    auto stored = co_await store_texts(transaction, download, std::move(selected->texts));
    if (!stored) co_return rt::pass(stored);
  } else {
    download.status = DownloadStatus::kFailed;
    download.message = selected.error().message;
  }
  transaction.require(key_of(download), 0);
  transaction.put(key_of(download), encode(download));
  transaction.put(listed_key(download), download.of_nobody ? key_of(download) : std::string());
  transaction.put(keys::download_file(download.file_id), key_of(download));
  transaction.put(due_key(download), {});
  add_event(transaction, event_of(download), download.created_ms);
  co_return co_await store_.commit(std::move(transaction));
}

// All texts become one object.
rt::Task<rt::Status> Downloads::store_texts(store::Transaction& transaction, Download& download, std::string texts) {
  download.texts.reset();
  if (texts.empty()) co_return rt::Status();
  download.texts = store::ObjectId::random();
  download.texts_bytes = texts.size();
  for (DownloadItem& item : download.items) {
    if (!item.held) item.object = *download.texts;
  }
  const auto writer = store_.writer(download.tenant);
  auto appended = co_await writer->append(rt::Slice::copy_of(texts));
  if (!appended) co_return appended;
  auto draft = co_await writer->finish();
  if (!draft) co_return rt::pass(draft);
  transaction.create(*download.texts, std::move(*draft));
  co_return rt::Status();
}

rt::Task<rt::Result<Download>> Downloads::load(std::string key) {
  auto record = co_await get_record(store_, std::move(key), "download");
  if (!record) co_return rt::pass(record);
  co_return decode_download(*record);
}

rt::Task<rt::Result<Download>> Downloads::get(std::string tenant, std::string id) {
  auto download = co_await load(keys::download(tenant, id));
  if (download && download->of_nobody) co_return rt::fail(Code::kNotFound, "no such download");
  co_return download;
}

rt::Task<rt::Result<Download>> Downloads::get_of_nobody(std::string id) {
  auto place = co_await get_record(store_, keys::download_of_nobody(id), "download");
  if (!place) co_return rt::pass(place);
  co_return co_await load(std::move(place->value));
}

rt::Task<rt::Result<Page<Download>>> Downloads::list(std::string tenant, Query query) {
  if (query.filters.empty() && query.sort.empty()) {
    co_return co_await newest<Download>(store_, tenant, keys::download_times(tenant), keys::download, decode_download,
                                        query);
  }
  auto all = co_await load_all<Download>(store_, keys::downloads(tenant), decode_download);
  if (!all) co_return rt::pass(all);
  std::erase_if(*all, [](const Download& download) { return download.of_nobody; });
  co_return select<Download>(std::move(*all), query, kFields);
}

rt::Task<rt::Result<std::shared_ptr<const Package>>> Downloads::with_file(std::string file_id) {
  auto found = co_await find_package(std::move(file_id));
  if (!found) co_return found;
  auto package = lease(std::move(*found));  // before the time is looked at, so that the sweep sees it
  const Download& download = package->download;
  if (has_expired(download, clock_())) co_return rt::fail(Code::kGone, "the download has expired");
  if (download.status != DownloadStatus::kReady) co_return rt::fail(Code::kNotFound, "no such download");
  co_return package;
}

std::shared_ptr<const Package> Downloads::lease(std::shared_ptr<const Package> package) {
  const std::string& id = package->download.id;
  {
    std::lock_guard lock(mutex_);
    ++readings_[id];
  }
  const auto give_back = [this, package](const Package*) {
    std::lock_guard lock(mutex_);
    const auto reading = readings_.find(package->download.id);
    if (--reading->second == 0) readings_.erase(reading);
  };
  return {package.get(), give_back};
}

bool Downloads::is_read(const std::string& id) const {
  std::lock_guard lock(mutex_);
  return readings_.contains(id);
}

// Expired or not.
rt::Task<rt::Result<std::shared_ptr<const Package>>> Downloads::find_package(std::string file_id) {
  std::string key = keys::download_file(file_id);
  const std::uint64_t stamp = store_.stamp(key);
  const auto kept = packages_.find(file_id);
  if (kept && kept->stamp == stamp) co_return kept->package;
  auto place = co_await get_record(store_, std::move(key), "download");
  if (!place) co_return rt::pass(place);
  auto download = co_await load(std::move(place->value));
  if (!download) co_return rt::pass(download);
  auto package = std::make_shared<const Package>(std::move(*download));
  const std::size_t cost = 1 + package->download.items.size();
  packages_.put(std::move(file_id), std::make_shared<const Kept>(package, stamp), cost);
  co_return package;
}

rt::Task<rt::Status> Downloads::let_go(store::Transaction& transaction, const Download& download) {
  for (const DownloadItem& item : download.items) {
    if (!item.held) continue;
    auto dropped = co_await drop_hold(store_, transaction, download.tenant, item.object);
    if (!dropped) co_return dropped;
  }
  if (download.texts) transaction.remove(*download.texts);
  co_return rt::Status();
}

rt::Task<rt::Status> Downloads::remove(std::string tenant, std::string id) {
  for (int round = 0; round < kUpdateRounds; ++round) {
    auto download = co_await get(tenant, id);
    if (!download) co_return rt::pass(download);
    auto erased = co_await erase(*download);
    if (erased) co_return rt::Status();
    if (erased.error().code != Code::kConflict) co_return rt::pass(erased);
  }
  co_return rt::fail(Code::kUnavailable, "what the download holds is changed too often");
}

rt::Task<rt::Result<store::Revision>> Downloads::erase(const Download& download) {
  store::Transaction transaction;
  transaction.require(key_of(download), download.revision);
  auto released = co_await let_go(transaction, download);
  if (!released) co_return rt::pass(released);
  transaction.erase(key_of(download));
  transaction.erase(listed_key(download));
  transaction.erase(keys::download_file(download.file_id));
  transaction.erase(due_key(download));
  co_return co_await store_.commit(std::move(transaction));
}

// What it holds goes; that there was such a download is told for a while.
rt::Task<rt::Result<store::Revision>> Downloads::expire(Download download) {
  store::Transaction transaction;
  transaction.require(key_of(download), download.revision);
  auto released = co_await let_go(transaction, download);
  if (!released) co_return rt::pass(released);
  transaction.erase(due_key(download));
  download.items.clear();
  download.texts.reset();
  download.texts_bytes = 0;
  download.forgotten_ms = clock_() + limits_.forget_seconds * kMsPerSecond;
  transaction.put(key_of(download), encode(download));
  transaction.put(keys::download_file(download.file_id), key_of(download));  // moves its stamp
  transaction.put(due_key(download), {});
  co_return co_await store_.commit(std::move(transaction));
}

rt::Task<rt::Result<std::size_t>> Downloads::sweep() {
  const std::int64_t behind_ms = clock_() + 1;  // those of this very moment are due
  co_return co_await sweep_index(store_, keys::due_downloads(), keys::due_download(behind_ms, {}, {}),
                                 [this](std::string entry) { return sweep_one(std::move(entry)); });
}

// True when it expired.
rt::Task<rt::Result<bool>> Downloads::sweep_one(std::string entry) {
  const std::string id = keys::last_part(entry);
  const std::string tenant = keys::last_part(std::string_view(entry).substr(0, entry.rfind('/')));
  auto download = co_await load(keys::download(tenant, id));
  if (!download && download.error().code == Code::kNotFound) {
    store::Transaction transaction;
    transaction.erase(std::move(entry));
    auto erased = co_await store_.commit(std::move(transaction));
    if (!erased) co_return rt::pass(erased);
    co_return false;
  }
  if (!download) co_return rt::pass(download);
  const bool expires = download->forgotten_ms == 0;
  if (expires && is_read(id) && clock_() - download->expires_ms < kReadingMsMax) co_return false;
  auto ending = expires ? expire(std::move(*download)) : erase(*download);
  auto done = co_await std::move(ending);
  if (!done) co_return rt::pass(done);
  co_return expires;
}

}  // namespace millrace::media
