// The index in RocksDB: the only file that includes it. Written without syncing, because a commit is durable in its
// segment already; kept small in memory, because the page cache belongs to the media.
#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "store/index.h"

namespace millrace::store {
namespace {

namespace rocks = rocksdb;

constexpr std::size_t kMemtableBytes = std::size_t{8} << 20;
constexpr std::size_t kAllMemtablesBytes = std::size_t{32} << 20;
constexpr std::uint64_t kLogBytesMax = std::uint64_t{64} << 20;
constexpr double kFilterBitsPerKey = 10;

rocks::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocks::Slice& text) { return {text.data(), text.size()}; }

rt::Error error_of(const rocks::Status& status) {
  const std::string message = "index: " + status.ToString();
  if (status.IsNoSpace()) return {rt::Code::kFull, message};
  if (status.IsCorruption()) return {rt::Code::kDamaged, message};
  if (status.IsIncomplete()) return {rt::Code::kUnavailable, message};
  return {rt::Code::kIo, message};
}

rt::Status result_of(const rocks::Status& status) {
  if (!status.ok()) return std::unexpected(error_of(status));
  return {};
}

class RocksIndex final : public Index {
 public:
  RocksIndex(std::unique_ptr<rocks::DB> db, std::vector<rocks::ColumnFamilyHandle*> tables)
      : db_(std::move(db)), tables_(std::move(tables)) {}

  ~RocksIndex() override {
    for (rocks::ColumnFamilyHandle* table : tables_) (void)db_->DestroyColumnFamilyHandle(table);
    (void)db_->Close();
  }

  rt::Result<std::optional<std::string>> get(Table table, std::string_view key, Reach reach) const override {
    rocks::ReadOptions options;
    options.read_tier = reach == Reach::kMemory ? rocks::kBlockCacheTier : rocks::kReadAllTier;
    std::string value;
    const rocks::Status status = db_->Get(options, family(table), slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return std::unexpected(error_of(status));
    return value;
  }

  rt::Status apply(const IndexBatch& batch) override {
    rocks::WriteBatch writes;
    for (const IndexWrite& write : batch) {
      const rocks::Status status = write.value ? writes.Put(family(write.table), slice(write.key), slice(*write.value))
                                               : writes.Delete(family(write.table), slice(write.key));
      if (!status.ok()) return std::unexpected(error_of(status));
    }
    return result_of(db_->Write({}, &writes));
  }

  rt::Status sync() override { return result_of(db_->SyncWAL()); }

  rt::Status visit(Table table, std::string_view start, Direction direction, const Visit& visit) const override {
    const std::unique_ptr<rocks::Iterator> entries(db_->NewIterator({}, family(table)));
    if (direction == Direction::kForward) {
      entries->Seek(slice(start));
    } else if (start.empty()) {
      entries->SeekToLast();
    } else {
      entries->SeekForPrev(slice(start));
      if (entries->Valid() && view(entries->key()) == start) entries->Prev();
    }
    while (entries->Valid() && visit(view(entries->key()), view(entries->value()))) {
      direction == Direction::kForward ? entries->Next() : entries->Prev();
    }
    return result_of(entries->status());
  }

 private:
  rocks::ColumnFamilyHandle* family(Table table) const { return tables_[static_cast<std::size_t>(table)]; }

  std::unique_ptr<rocks::DB> db_;
  std::vector<rocks::ColumnFamilyHandle*> tables_;
};

rocks::DBOptions database_options() {
  rocks::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.db_write_buffer_size = kAllMemtablesBytes;
  options.max_total_wal_size = kLogBytesMax;
  options.keep_log_file_num = 2;
  options.max_open_files = -1;  // filters stay in memory, so that a miss never waits for the disk
  options.wal_recovery_mode = rocks::WALRecoveryMode::kPointInTimeRecovery;
  options.avoid_flush_during_recovery = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocks::ColumnFamilyOptions table_options(const std::shared_ptr<rocks::Cache>& cache) {
  rocks::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.filter_policy.reset(rocks::NewBloomFilterPolicy(kFilterBitsPerKey));
  rocks::ColumnFamilyOptions options;
  options.table_factory.reset(rocks::NewBlockBasedTableFactory(blocks));
  options.write_buffer_size = kMemtableBytes;
  options.max_write_buffer_number = 2;
  options.arena_block_size = std::size_t{256} << 10;
  options.compression = rocks::kNoCompression;
  return options;
}

rt::Result<std::unique_ptr<Index>> open_rocksdb(const std::filesystem::path& path, std::uint64_t cache_bytes) {
  const rocks::ColumnFamilyOptions options = table_options(rocks::NewLRUCache(cache_bytes));
  std::vector<rocks::ColumnFamilyDescriptor> families;
  for (const char* name : kTableNames) families.emplace_back(name, options);
  families.emplace_back(rocks::kDefaultColumnFamilyName, options);
  std::vector<rocks::ColumnFamilyHandle*> handles;
  rocks::DB* db = nullptr;
  const rocks::Status status = rocks::DB::Open(database_options(), path.string(), families, &handles, &db);
  if (!status.ok()) {
    // Missing or foreign files inside are as useless as damaged ones.
    rt::Error error = error_of(status);
    if (error.code != rt::Code::kFull) error.code = rt::Code::kDamaged;
    return std::unexpected(std::move(error));
  }
  return std::make_unique<RocksIndex>(std::unique_ptr<rocks::DB>(db), std::move(handles));
}

rt::Status destroy_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return rt::fail(rt::Code::kIo, fmt::format("remove {}: {}", path.string(), error.message()));
  return {};
}

}  // namespace

IndexFactory rocksdb_index(std::uint64_t cache_bytes) {
  return {[cache_bytes](const std::filesystem::path& path) { return open_rocksdb(path, cache_bytes); },
          destroy_directory};
}

}  // namespace millrace::store
