// What the index means. Catalog reads it in the store's own terms; Change gathers what one commit group alters, seen
// on top of the catalog by the group's later transactions, and becomes one batch. A Catalog is thread-safe, a Change
// belongs to the committer.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "store/index.h"
#include "store/model.h"

namespace millrace::store {

// Keys as they stand in the index: numbers big-endian, so that they sort.
std::string index_key(ChunkId id);
std::string index_key(const ChunkKey& key);
std::string index_key(ObjectId id);
std::string garbage_key(std::int64_t deletable_at, ChunkId id);
std::optional<ChunkId> chunk_of_garbage_key(std::string_view key, std::int64_t& deletable_at);
std::vector<ChunkId> chunk_ids_in(std::string_view value_under_chunk_key);
std::string live_bytes_key(SegmentNumber segment);

class Catalog {
 public:
  explicit Catalog(const Index& index) : index_(index) {}
  virtual ~Catalog() = default;

  rt::Result<std::optional<ChunkEntry>> chunk(ChunkId id, Reach reach = Reach::kDisk) const;
  rt::Result<std::vector<ChunkId>> chunks_with(const ChunkKey& key, Reach reach = Reach::kDisk) const;
  rt::Result<std::optional<ObjectEntry>> object(ObjectId id, Reach reach = Reach::kDisk) const;
  rt::Result<std::optional<RecordEntry>> record(const std::string& key, Reach reach = Reach::kDisk) const;
  // None: nothing was ever applied, or the rebuilding was cut short.
  rt::Result<std::optional<Applied>> applied() const;
  rt::Result<std::uint64_t> live_bytes(SegmentNumber segment) const;
  // Segments that had live chunks and were not removed.
  rt::Result<std::vector<SegmentNumber>> segments_with_live_bytes() const;
  rt::Result<std::vector<DeadRun>> dead_runs() const;
  const Index& index() const { return index_; }

 protected:
  virtual rt::Result<std::optional<std::string>> get(Table table, const std::string& key, Reach reach) const;
  const Index& index_;
};

class Change final : public Catalog {
 public:
  using Catalog::Catalog;

  void put_chunk(const ChunkEntry& entry);
  void erase_chunk(ChunkId id);
  rt::Status add_to_key(const ChunkKey& key, ChunkId id);
  rt::Status remove_from_key(const ChunkKey& key, ChunkId id);
  void put_object(const ObjectEntry& object);
  void erase_object(ObjectId id);
  void put_record(const RecordEntry& record);
  void erase_record(const std::string& key);
  void put_garbage(std::int64_t deletable_at, ChunkId id);
  void erase_garbage(std::int64_t deletable_at, ChunkId id);
  rt::Status add_live_bytes(SegmentNumber segment, std::int64_t bytes);
  void forget_segment(SegmentNumber segment);
  void put_dead(const DeadRun& run);
  void erase_dead(const DeadRun& run);
  void put_applied(const Applied& applied);

  bool empty() const;
  IndexBatch take_batch();

 private:
  rt::Result<std::optional<std::string>> get(Table table, const std::string& key, Reach reach) const override;
  void set(Table table, std::string key, std::optional<std::string> value);
  rt::Status set_ids(const ChunkKey& key, std::vector<ChunkId> ids);

  std::array<std::unordered_map<std::string, std::optional<std::string>>, kTableNames.size()> writes_;
};

}  // namespace millrace::store
