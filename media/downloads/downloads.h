// Downloads: packages of media, renditions and transcripts to take home. To create one is to write down what it
// consists of: nothing is packed or copied, so it is ready at once, however large. Until it expires or is removed it
// holds the bytes it needs (holds.h). Any loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "media/archives/zip_layout.h"
#include "media/downloads/download.h"
#include "media/downloads/selection.h"
#include "media/records/clock.h"
#include "media/records/listing.h"
#include "media/tenants/rate_limit.h"
#include "server/rt/error.h"
#include "server/rt/lru_cache.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// How long after its end a download is kept for who has begun to read it.
inline constexpr std::int64_t kReadingMsMax = 24 * 3600 * 1000;
// Of those made without a key, whatever they ask for.
inline constexpr std::int64_t kNobodysSecondsMax = 24 * 3600;

// A download with the layout of the archive that it is, unless it is a file as it is.
struct Package {
  explicit Package(Download of);

  Download download;
  std::optional<ZipLayout> layout;
};

struct DownloadLimits {
  std::size_t entries_max = 1000;  // files of one download
  std::int64_t expire_seconds = 7 * 24 * 3600;
  std::int64_t expire_seconds_max = 365 * 24 * 3600;
  std::int64_t forget_seconds = 7 * 24 * 3600;  // how long the record tells that it has expired
  Rate nobodys_rate = {1, 60};                  // of those made without a key, for each address
};

class Downloads {
 public:
  Downloads(Library library, Clock clock = system_clock_ms) : library_(library), store_(library.store), clock_(clock) {}

  // Before the first call.
  void limit(DownloadLimits limits) { limits_ = limits; }
  const DownloadLimits& limits() const noexcept { return limits_; }

  // kInvalid, kNotFound and kTooLarge name the field as the v2 door has it: "selectedMediaIds[2]".
  rt::Task<rt::Result<Download>> create(std::string tenant, NewDownload wanted);
  // For callers without a key: exactly one rendition of a public media. kUnauthenticated when more is wanted.
  rt::Task<rt::Result<Download>> create_for_nobody(NewDownload wanted);
  // Those made without a key are nobody's: kNotFound.
  rt::Task<rt::Result<Download>> get(std::string tenant, std::string id);
  // Made without a key.
  rt::Task<rt::Result<Download>> get_of_nobody(std::string id);
  // Sorts: createdAt expires title (or name) size. Filters: title (or name) status.
  rt::Task<rt::Result<Page<Download>>> list(std::string tenant, Query query);
  // Who is reading it reads on.
  rt::Task<rt::Status> remove(std::string tenant, std::string id);
  // What the file is made of: kGone once it has expired. As long as somebody has it, an expired download gives nothing
  // back (for kReadingMsMax at most), so who reads it reads on. Not to be kept longer than this.
  rt::Task<rt::Result<std::shared_ptr<const Package>>> with_file(std::string file_id);

  // Gives back what expired downloads hold and forgets old ones; returns how many expired.
  rt::Task<rt::Result<std::size_t>> sweep();

 private:
  rt::Status check(const NewDownload& wanted) const;
  rt::Task<rt::Result<Download>> make(Download download, NewDownload wanted);
  rt::Task<rt::Result<store::Revision>> try_make(Download& download, const NewDownload& wanted);
  rt::Task<rt::Status> store_texts(store::Transaction& transaction, Download& download, std::string texts);
  rt::Task<rt::Result<Download>> load(std::string key);
  rt::Task<rt::Result<std::shared_ptr<const Package>>> find_package(std::string file_id);
  std::shared_ptr<const Package> lease(std::shared_ptr<const Package> package);
  bool is_read(const std::string& id) const;
  rt::Task<rt::Status> let_go(store::Transaction& transaction, const Download& download);
  rt::Task<rt::Result<store::Revision>> erase(const Download& download);
  rt::Task<rt::Result<store::Revision>> expire(Download download);
  rt::Task<rt::Result<bool>> sweep_one(std::string entry);

  struct Kept {
    std::shared_ptr<const Package> package;
    std::uint64_t stamp;
  };
  static constexpr std::size_t kKeptEntries = 100'000;  // of all archives together

  const Library library_;
  store::Store& store_;
  const Clock clock_;
  DownloadLimits limits_;
  rt::LruCache<Kept> packages_{kKeptEntries};  // a download is often fetched in many ranges
  mutable std::mutex mutex_;
  std::map<std::string, std::size_t> readings_;  // id: how many read it; guarded by mutex_
};

}  // namespace millrace::media
