// The Store on this machine's disk: wires disk, segments, index, committer and keeper together and answers the facade.
// Tests open it with seams of their own.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "store/committer.h"
#include "store/identity.h"
#include "store/internals.h"
#include "store/keeper.h"
#include "store/recovery.h"
#include "store/small_objects.h"
#include "store/stamps.h"
#include "store/store.h"

namespace millrace::store {

struct Seams {
  IndexFactory index;
  std::function<std::int64_t()> now;  // Unix seconds
  // How long appended bytes wait for more before they are written; none: until a commit.
  std::optional<std::chrono::milliseconds> linger;
  // Whether reclaiming, compaction and scrubbing run by themselves.
  bool keeper_runs = true;
};

// What opening and checking do alike: lock, segments, identity, index, recovery.
struct OpenedFiles {
  std::unique_ptr<DiskLock> lock;
  std::unique_ptr<Segments> segments;
  Identity identity;
  std::unique_ptr<Index> index;
  Recovered recovered;
  Findings findings;
  bool rebuilt = false;
};
// RocksDB ends the process when it finds no space while it opens; what it writes then fits into this.
constexpr std::uint64_t kOpenFreeBytesMin = std::uint64_t{8} << 20;

// A missing index is built anew at once, because nothing is lost by it; whether a damaged one is, is for the operator
// to say. kReport: neither, and the segments stay as they are.
enum class OnBadIndex : std::uint8_t { kReport, kRebuildIfMissing, kRebuild, kRebuildAlways };
rt::Result<OpenedFiles> open_files(const Options& options, Disk& disk, const Seams& seams, OnBadIndex on_bad_index,
                                   const Tell& damage);

class EmbeddedStore final : public Store {
 public:
  static rt::Result<std::unique_ptr<EmbeddedStore>> open(Options options, Disk& disk, rt::Budget& budget, rt::Pool& io,
                                                         Seams seams);
  ~EmbeddedStore() override;

  std::unique_ptr<Writer> writer(std::string domain) override;
  rt::Task<rt::Result<Revision>> commit(Transaction transaction) override;
  rt::Task<rt::Result<std::optional<Record>>> get(std::string key) override;
  std::uint64_t stamp(std::string_view key) const override { return stamps_.of(key); }
  rt::Task<rt::Result<std::vector<Record>>> scan(Scan scan) override;
  rt::Task<rt::Result<std::optional<ObjectInfo>>> info(ObjectId id) override;
  rt::Task<rt::Result<std::unique_ptr<Reader>>> read(ObjectId id, std::uint64_t offset, std::uint64_t length) override;
  rt::Task<rt::Result<Draft>> share(ObjectId id, std::uint64_t offset, std::uint64_t length,
                                    std::string domain) override;
  rt::Task<rt::Result<bool>> same(ObjectId a, ObjectId b) override;
  Stats stats() const override;
  void on_damage(std::function<void(std::string)> report) override;

  Keeper& keeper() { return *keeper_; }

 private:
  EmbeddedStore(Options options, rt::Budget& budget, rt::Pool& io, Seams seams, OpenedFiles files);
  rt::Task<rt::Result<std::shared_ptr<const ObjectEntry>>> object(ObjectId id);
  rt::Task<rt::Result<std::unique_ptr<Reader>>> read_small(std::shared_ptr<const ObjectEntry> object, Epochs::Pin pin,
                                                           std::uint64_t stamp, std::uint64_t offset,
                                                           std::uint64_t length);

  const Options options_;
  OpenedFiles files_;
  Catalog catalog_;
  Epochs epochs_;
  DamageLog damage_;
  Counters counters_;
  ChunkTable table_;
  Stamps stamps_;
  SmallObjects small_objects_;
  std::unique_ptr<SegmentWriter> writer_;
  std::unique_ptr<Committer> committer_;
  Internals internals_;
  std::unique_ptr<Keeper> keeper_;
};

}  // namespace millrace::store
