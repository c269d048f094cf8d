// The index behind one seam: a sorted map per table with atomic batches. RocksDB in index_rocksdb.cc; the tests' fake
// loses batches that were not synced. Batches survive in order: what is left after a power cut is a prefix of them.
// Thread-safe; one caller applies batches at a time.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/rt/error.h"

namespace millrace::store {

enum class Table : std::uint8_t { kChunks, kHashes, kObjects, kRecords, kGarbage, kMeta };
inline constexpr std::array<const char*, 6> kTableNames = {"chunks", "hashes", "objects", "records", "garbage", "meta"};

struct IndexWrite {
  Table table;
  std::string key;
  std::optional<std::string> value;  // none: erase
};
using IndexBatch = std::vector<IndexWrite>;

// How far a look-up may go: what would need the disk fails with kUnavailable under kMemory.
enum class Reach : std::uint8_t { kMemory, kDisk };

enum class Direction : std::uint8_t { kForward, kBackward };

class Index {
 public:
  virtual ~Index() = default;
  virtual rt::Result<std::optional<std::string>> get(Table table, std::string_view key, Reach reach) const = 0;
  // All or nothing, seen by everyone when this returns; survives a power cut only after sync().
  virtual rt::Status apply(const IndexBatch& batch) = 0;
  virtual rt::Status sync() = 0;
  // Forward from the first key not below `start`; backward from the last key below it (from the last key when it is
  // empty). Until `visit` returns false. Blocks.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  virtual rt::Status visit(Table table, std::string_view start, Direction direction, const Visit& visit) const = 0;
};

struct IndexFactory {
  // Opens or creates. kDamaged when what is there cannot be used.
  std::function<rt::Result<std::unique_ptr<Index>>(const std::filesystem::path&)> open;
  // Removes all of it.
  std::function<rt::Status(const std::filesystem::path&)> destroy;
};

IndexFactory rocksdb_index(std::uint64_t cache_bytes);

}  // namespace millrace::store
