// Catalog: the media of every tenant. A media is made by completing an upload and lives here: listed, changed, deleted
// softly (can be recovered) or hard (its bytes go). Every change is one transaction on its revision. Any loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "media/catalog/media.h"
#include "media/records/clock.h"
#include "media/records/listing.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// Only what is set changes.
struct MediaPatch {
  std::optional<std::string> title = {};
  std::optional<std::string> channel_id = {};
  std::optional<std::map<std::string, std::string>> metadata = {};
  std::optional<std::vector<std::string>> transcript_languages = {};
  std::vector<std::string> more_transcript_languages = {};  // those it has stay
  std::optional<std::string> description = {};
  std::optional<std::string> passthrough = {};
  std::optional<std::vector<std::string>> tags = {};
};

using MediaFilter = std::function<bool(const Media&)>;

// A place in the list of all media, newest first: right after this one, which need not be there any more.
struct MediaMark {
  std::int64_t created_ms = 0;
  std::string id;
};

struct MediaBatch {
  std::vector<Media> items;
  std::optional<MediaMark> next;  // nothing when these were the last
};

// The uploaded bytes: read them with Store::read(object, ...).
struct Original {
  store::ObjectId object;
  std::uint64_t size_bytes = 0;
  std::string etag;  // without quotes; changes never, because the bytes do not
  std::string content_type;
  std::string file_name;
  std::int64_t modified_ms = 0;
};

class Catalog {
 public:
  explicit Catalog(store::Store& store, Clock clock = system_clock_ms) : store_(store), clock_(clock) {}

  // Soft-deleted media are found too; their status says so.
  rt::Task<rt::Result<Media>> get(std::string tenant, std::string id);
  // As get(), but kNotFound when it is soft-deleted.
  rt::Task<rt::Result<Media>> find(std::string tenant, std::string id);
  // Soft-deleted ones are listed only when a filter `status=softDeleted` asks for them.
  // Sorts: createdAt updatedAt title (or name) size duration. Filters: title (or name) fileName type status channelId.
  rt::Task<rt::Result<Page<Media>>> list(std::string tenant, Query query);
  // Of those that `wanted` lets pass.
  rt::Task<rt::Result<Page<Media>>> list(std::string tenant, Query query, MediaFilter wanted);
  // The newest `limit` of those after the mark that `wanted` lets pass; soft-deleted ones are never among them.
  rt::Task<rt::Result<MediaBatch>> newest_after(std::string tenant, std::optional<MediaMark> mark, std::size_t limit,
                                                MediaFilter wanted);
  // Paths of the folders right below this one, sorted. kNotFound unless a media lies at or below it; there is always a
  // root.
  rt::Task<rt::Result<std::vector<std::string>>> folders_below(std::string tenant, std::string path);
  // The id of the media with this short id (short_id.h).
  rt::Task<rt::Result<std::string>> id_of(std::string tenant, std::string short_id);
  rt::Task<rt::Result<Media>> patch(std::string tenant, std::string id, MediaPatch change);
  // Soft: a repeat answers the same. Hard: the record and the bytes go, also of a soft-deleted one.
  rt::Task<rt::Result<Media>> remove(std::string tenant, std::string id, bool hard);
  // kConflict when it is not deleted.
  rt::Task<rt::Result<Media>> recover(std::string tenant, std::string id);
  // Moves when what original() says may have changed: ask for it before.
  std::uint64_t stamp(const std::string& tenant, const std::string& id) const;
  // kNotFound when soft-deleted.
  rt::Task<rt::Result<Original>> original(std::string tenant, std::string id);

  // Reads, edits and commits until no other change came between. `edit` may refuse with an error; it may run again.
  rt::Task<rt::Result<Media>> update(std::string tenant, std::string id, std::function<rt::Status(Media&)> edit);

 private:
  rt::Task<rt::Result<store::Revision>> write(const Media& media);
  rt::Task<rt::Result<Media>> destroy(std::string tenant, std::string id);
  rt::Task<rt::Result<store::Revision>> try_destroy(const Media& media);
  rt::Task<rt::Status> erase_renditions_of(const Media& media, store::Transaction& transaction);

  store::Store& store_;
  const Clock clock_;
};

}  // namespace millrace::media
