// Store: the whole of the storage behind one class. Bytes come in through a Writer, become part of the store when a
// Transaction commits, and go out through a Reader. It knows chunks, objects and records; no HTTP, no media.
//
//   chunk   a content-defined run of bytes, stored once per domain
//   object  an ordered list of extents (runs inside chunks); immutable, named by an ObjectId
//   record  a small value under a key, with a revision; what it means is its owner's business
//
// Tasks are awaited on any loop and resume there. A commit that was acknowledged survives a power cut; what was not
// acknowledged is never seen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/rt/budget.h"
#include "server/rt/bytes.h"
#include "server/rt/error.h"
#include "server/rt/pool.h"
#include "server/rt/task.h"

namespace millrace::store {

class Disk;

// 128 random bits.
struct ObjectId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const ObjectId&) const = default;
  std::string text() const;  // 32 hex digits
  static std::optional<ObjectId> parse(std::string_view text);
  static ObjectId random();
};

struct ObjectInfo {
  ObjectId id;
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32 = 0;      // zip's polynomial
  std::uint64_t crc64nvme = 0;  // S3's full-object checksum; the duplicate check
};

// Grows with every change of the record; 0 means absent.
using Revision = std::uint64_t;

struct Record {
  std::string key;
  std::string value;
  Revision revision = 0;
};

// Bytes that are written but not yet part of the store: what a Writer hands over and a Transaction makes an object of.
// Dropped without a commit, its bytes become dead space and are reclaimed.
class Draft {
 public:
  struct Content;
  Draft();
  explicit Draft(std::shared_ptr<Content> content);
  Draft(Draft&&) noexcept;
  Draft& operator=(Draft&&) noexcept;
  ~Draft();
  std::uint64_t size_bytes() const noexcept;
  std::uint32_t crc32() const noexcept;
  std::uint64_t crc64nvme() const noexcept;
  const std::shared_ptr<Content>& content() const noexcept { return content_; }

 private:
  std::shared_ptr<Content> content_;
};

// Cuts, hashes, deduplicates and writes one stream of bytes. Belongs to one loop, one caller at a time; bounded memory:
// append() suspends while too much of it waits for the disk. Under memory pressure a chunk may be cut early.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual rt::Task<rt::Status> append(rt::Slice slice) = 0;
  // The chunks finished since the last take(); the unfinished tail goes on growing.
  virtual rt::Task<rt::Result<Draft>> take() = 0;
  // Ends the last chunk and gives all that was not taken yet. Nothing may be appended after.
  virtual rt::Task<rt::Result<Draft>> finish() = 0;
  // Bytes of appended data, taken or not.
  virtual std::uint64_t appended_bytes() const noexcept = 0;
};

// What changes together or not at all. Order inside does not matter; one operation per key or object.
class Transaction {
 public:
  void put(std::string key, std::string value);
  void erase(std::string key);
  // The commit fails with kConflict unless the record has exactly this revision (0: is absent) at that moment.
  void require(std::string key, Revision revision);
  void create(ObjectId id, Draft draft);
  // A new object of the parts' extents in order; the parts stop being objects. Copies no byte.
  void join(ObjectId id, std::vector<ObjectId> parts);
  void remove(ObjectId id);
  bool empty() const noexcept;

  struct Requirement {
    std::string key;
    Revision revision;
  };
  struct Put {
    std::string key;
    std::string value;
  };
  struct Create {
    ObjectId id;
    Draft draft;
  };
  struct Join {
    ObjectId id;
    std::vector<ObjectId> parts;
  };
  std::vector<Requirement> requirements;
  std::vector<Put> puts;
  std::vector<std::string> erasures;
  std::vector<Create> creations;
  std::vector<Join> joins;
  std::vector<ObjectId> removals;
};

// Verified bytes of one range of one object. Deleting the object meanwhile is safe: Reader and slices alike, which may
// outlive it, pin what it reads.
class Reader {
 public:
  virtual ~Reader() = default;
  // Slices of about `want_bytes` together, straight from the page cache; none at the end of the range. kDamaged when
  // stored bytes do not match their checksum: they are never handed out.
  virtual rt::Task<rt::Result<rt::Slices>> next(std::size_t want_bytes) = 0;
  virtual std::uint64_t remaining_bytes() const noexcept = 0;
};

struct Scan {
  std::string prefix;
  std::string after;  // start behind this key (before it when in reverse); empty: from the first (last)
  std::size_t limit = 1000;
  bool reverse = false;
};

struct Options {
  std::filesystem::path directory;
  std::uint64_t segment_bytes = 1ull << 30;
  std::uint32_t chunk_min_bytes = 256 * 1024;
  std::uint32_t chunk_average_bytes = 1024 * 1024;
  std::uint32_t chunk_max_bytes = 4 * 1024 * 1024;
  enum class DirectIo : std::uint8_t { kAuto, kOn, kOff } direct_io = DirectIo::kAuto;  // auto: off on tmpfs
  std::uint64_t reclaim_delay_seconds = 600;
  std::uint64_t free_space_min_bytes = 256ull << 20;  // writes get kFull below it
  std::uint32_t scrub_bytes_per_second = 8u << 20;    // 0: no background scrub
  std::uint64_t index_cache_bytes = 64ull << 20;
  bool share_across_domains = false;  // the operator's choice: all domains are one
};

struct Stats {
  std::uint64_t objects = 0;
  std::uint64_t chunks = 0;
  std::uint64_t logical_bytes = 0;       // of all objects
  std::uint64_t stored_bytes = 0;        // of live chunks
  std::uint64_t segment_bytes = 0;       // on disk
  std::uint64_t dead_bytes = 0;          // in segments, no longer referenced
  std::uint64_t deduplicated_bytes = 0;  // since start: received but not stored again
  std::uint64_t copied_body_bytes = 0;   // since start: copied in user space on the way in, beyond the one move
  std::uint64_t damaged_chunks = 0;
  std::uint64_t commits = 0;
  std::uint64_t syncs = 0;
  std::uint64_t scrubbed_bytes = 0;
  std::uint64_t free_disk_bytes = 0;
  bool full = false;
};

class Store {
 public:
  virtual ~Store() = default;
  // Opens or creates the store in `options.directory`, replaying what a crash left behind. `disk`, `budget` and `io`
  // outlive it. kConflict when another process holds it.
  static rt::Result<std::unique_ptr<Store>> open(Options options, Disk& disk, rt::Budget& budget, rt::Pool& io);

  // `domain` bounds deduplication: equal chunks are shared only within one domain.
  virtual std::unique_ptr<Writer> writer(std::string domain) = 0;
  virtual rt::Task<rt::Result<Revision>> commit(Transaction transaction) = 0;

  virtual rt::Task<rt::Result<std::optional<Record>>> get(std::string key) = 0;
  // Moves when the record changes, and sometimes without: what was made of a get() that began after this stays true for
  // as long as the stamp stays.
  virtual std::uint64_t stamp(std::string_view key) const = 0;
  virtual rt::Task<rt::Result<std::vector<Record>>> scan(Scan scan) = 0;
  virtual rt::Task<rt::Result<std::optional<ObjectInfo>>> info(ObjectId id) = 0;
  // kNotFound when there is no such object. The range must lie inside the object.
  virtual rt::Task<rt::Result<std::unique_ptr<Reader>>> read(ObjectId id, std::uint64_t offset,
                                                             std::uint64_t length) = 0;
  // The bytes of a range once more: shares the chunks that lie in it as a whole and copies what is before and behind
  // them. The object may go meanwhile. `domain`: that it was written in. kNotFound, and the range, as in read().
  virtual rt::Task<rt::Result<Draft>> share(ObjectId id, std::uint64_t offset, std::uint64_t length,
                                            std::string domain) = 0;
  // Whether two objects hold the same bytes; reads only the extents they do not share.
  virtual rt::Task<rt::Result<bool>> same(ObjectId a, ObjectId b) = 0;

  virtual Stats stats() const = 0;
  // Any damaged chunk found since start calls this, on an unspecified thread, with a sentence that names it.
  virtual void on_damage(std::function<void(std::string)> report) = 0;
};

}  // namespace millrace::store
