// Keys and values of the index. A value that does not decode is damage of the index, told with the cure.
#include "store/catalog.h"

#include <algorithm>

#include "store/codec.h"

namespace millrace::store {
namespace {

constexpr std::string_view kAppliedKey = "applied";
constexpr std::string_view kLiveBytesPrefix = "live/";
constexpr std::string_view kDeadPrefix = "dead/";

template <class T>
void append_big_endian(std::string& to, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;) to.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (char byte : bytes.substr(0, sizeof(value))) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

template <class T>
rt::Result<std::optional<T>> decoded(rt::Result<std::optional<std::string>> value,
                                     rt::Result<T> (*decode)(std::string_view)) {
  if (!value) return pass(value);
  if (!*value) return std::nullopt;
  auto result = decode(**value);
  if (!result) {
    return rt::fail(rt::Code::kDamaged, "index: " + result.error().message + "; run millrace check --repair");
  }
  return std::optional<T>(std::move(*result));
}

std::optional<SegmentNumber> segment_of_live_bytes_key(std::string_view key) {
  if (!key.starts_with(kLiveBytesPrefix) || key.size() != kLiveBytesPrefix.size() + sizeof(SegmentNumber)) return {};
  return static_cast<SegmentNumber>(big_endian(key.substr(kLiveBytesPrefix.size())));
}

std::string dead_key(const Place& place) {
  std::string key(kDeadPrefix);
  append_big_endian(key, place.segment);
  append_big_endian(key, place.offset);
  return key;
}

}  // namespace

std::string index_key(ChunkId id) {
  std::string key;
  append_big_endian(key, id);
  return key;
}

std::string index_key(const ChunkKey& chunk) {
  std::string key;
  for (std::uint64_t word : {chunk.domain.high, chunk.domain.low, chunk.hash.high, chunk.hash.low, chunk.length}) {
    append_big_endian(key, word);
  }
  return key;
}

std::string index_key(ObjectId id) {
  std::string key;
  append_big_endian(key, id.high);
  append_big_endian(key, id.low);
  return key;
}

std::string garbage_key(std::int64_t deletable_at, ChunkId id) {
  std::string key;
  append_big_endian(key, static_cast<std::uint64_t>(deletable_at));
  append_big_endian(key, id);
  return key;
}

std::optional<ChunkId> chunk_of_garbage_key(std::string_view key, std::int64_t& deletable_at) {
  if (key.size() != 2 * sizeof(std::uint64_t)) return std::nullopt;
  deletable_at = static_cast<std::int64_t>(big_endian(key));
  return big_endian(key.substr(sizeof(std::uint64_t)));
}

std::vector<ChunkId> chunk_ids_in(std::string_view bytes) {
  std::vector<ChunkId> ids;
  for (; bytes.size() >= sizeof(ChunkId); bytes.remove_prefix(sizeof(ChunkId))) ids.push_back(big_endian(bytes));
  return ids;
}

std::string live_bytes_key(SegmentNumber segment) {
  std::string key(kLiveBytesPrefix);
  append_big_endian(key, segment);
  return key;
}

rt::Result<std::optional<std::string>> Catalog::get(Table table, const std::string& key, Reach reach) const {
  return index_.get(table, key, reach);
}

rt::Result<std::optional<ChunkEntry>> Catalog::chunk(ChunkId id, Reach reach) const {
  return decoded(get(Table::kChunks, index_key(id), reach), decode_chunk_entry);
}

rt::Result<std::vector<ChunkId>> Catalog::chunks_with(const ChunkKey& key, Reach reach) const {
  auto value = get(Table::kHashes, index_key(key), reach);
  if (!value) return pass(value);
  return *value ? chunk_ids_in(**value) : std::vector<ChunkId>{};
}

rt::Result<std::optional<ObjectEntry>> Catalog::object(ObjectId id, Reach reach) const {
  return decoded(get(Table::kObjects, index_key(id), reach), decode_object);
}

rt::Result<std::optional<RecordEntry>> Catalog::record(const std::string& key, Reach reach) const {
  auto record = decoded(get(Table::kRecords, key, reach), decode_record);
  if (record && *record) (*record)->key = key;
  return record;
}

rt::Result<std::optional<Applied>> Catalog::applied() const {
  return decoded(get(Table::kMeta, std::string(kAppliedKey), Reach::kDisk), decode_applied);
}

rt::Result<std::uint64_t> Catalog::live_bytes(SegmentNumber segment) const {
  auto value = get(Table::kMeta, live_bytes_key(segment), Reach::kDisk);
  if (!value) return pass(value);
  return *value ? big_endian(**value) : 0;
}

rt::Result<std::vector<SegmentNumber>> Catalog::segments_with_live_bytes() const {
  std::vector<SegmentNumber> segments;
  auto visited =
      index_.visit(Table::kMeta, kLiveBytesPrefix, Direction::kForward, [&](std::string_view key, std::string_view) {
        const auto segment = segment_of_live_bytes_key(key);
        if (segment) segments.push_back(*segment);
        return segment.has_value();
      });
  if (!visited) return pass(visited);
  return segments;
}

rt::Result<std::vector<DeadRun>> Catalog::dead_runs() const {
  constexpr std::size_t kKeyBytes = kDeadPrefix.size() + sizeof(SegmentNumber) + sizeof(std::uint64_t);
  std::vector<DeadRun> runs;
  auto visited =
      index_.visit(Table::kMeta, kDeadPrefix, Direction::kForward, [&](std::string_view key, std::string_view value) {
        if (!key.starts_with(kDeadPrefix)) return false;
        if (key.size() != kKeyBytes || value.size() != sizeof(std::uint64_t)) return true;
        key.remove_prefix(kDeadPrefix.size());
        const auto segment = static_cast<SegmentNumber>(big_endian(key.substr(0, sizeof(SegmentNumber))));
        runs.push_back({{segment, big_endian(key.substr(sizeof(SegmentNumber)))}, big_endian(value)});
        return true;
      });
  if (!visited) return pass(visited);
  return runs;
}

rt::Result<std::optional<std::string>> Change::get(Table table, const std::string& key, Reach reach) const {
  const auto& writes = writes_[static_cast<std::size_t>(table)];
  const auto written = writes.find(key);
  if (written != writes.end()) return written->second;
  return index_.get(table, key, reach);
}

void Change::set(Table table, std::string key, std::optional<std::string> value) {
  writes_[static_cast<std::size_t>(table)].insert_or_assign(std::move(key), std::move(value));
}

void Change::put_chunk(const ChunkEntry& entry) { set(Table::kChunks, index_key(entry.info.id), encode(entry)); }

void Change::erase_chunk(ChunkId id) { set(Table::kChunks, index_key(id), std::nullopt); }

rt::Status Change::set_ids(const ChunkKey& key, std::vector<ChunkId> ids) {
  std::string value;
  for (ChunkId id : ids) append_big_endian(value, id);
  set(Table::kHashes, index_key(key), ids.empty() ? std::nullopt : std::optional(std::move(value)));
  return {};
}

rt::Status Change::add_to_key(const ChunkKey& key, ChunkId id) {
  auto ids = chunks_with(key);
  if (!ids) return pass(ids);
  if (std::ranges::find(*ids, id) == ids->end()) ids->push_back(id);
  return set_ids(key, std::move(*ids));
}

rt::Status Change::remove_from_key(const ChunkKey& key, ChunkId id) {
  auto ids = chunks_with(key);
  if (!ids) return pass(ids);
  std::erase(*ids, id);
  return set_ids(key, std::move(*ids));
}

void Change::put_object(const ObjectEntry& object) { set(Table::kObjects, index_key(object.info.id), encode(object)); }

void Change::erase_object(ObjectId id) { set(Table::kObjects, index_key(id), std::nullopt); }

void Change::put_record(const RecordEntry& record) {
  RecordEntry value = record;
  value.key.clear();
  set(Table::kRecords, record.key, encode(value));
}

void Change::erase_record(const std::string& key) { set(Table::kRecords, key, std::nullopt); }

void Change::put_garbage(std::int64_t deletable_at, ChunkId id) {
  set(Table::kGarbage, garbage_key(deletable_at, id), std::string());
}

void Change::erase_garbage(std::int64_t deletable_at, ChunkId id) {
  set(Table::kGarbage, garbage_key(deletable_at, id), std::nullopt);
}

rt::Status Change::add_live_bytes(SegmentNumber segment, std::int64_t bytes) {
  auto live = live_bytes(segment);
  if (!live) return pass(live);
  std::string value;
  append_big_endian(value, *live + static_cast<std::uint64_t>(bytes));
  set(Table::kMeta, live_bytes_key(segment), std::move(value));
  return {};
}

void Change::forget_segment(SegmentNumber segment) { set(Table::kMeta, live_bytes_key(segment), std::nullopt); }

void Change::put_dead(const DeadRun& run) {
  std::string length;
  append_big_endian(length, run.length);
  set(Table::kMeta, dead_key(run.place), std::move(length));
}

void Change::erase_dead(const DeadRun& run) { set(Table::kMeta, dead_key(run.place), std::nullopt); }

void Change::put_applied(const Applied& applied) { set(Table::kMeta, std::string(kAppliedKey), encode(applied)); }

bool Change::empty() const {
  return std::ranges::all_of(writes_, [](const auto& writes) { return writes.empty(); });
}

IndexBatch Change::take_batch() {
  IndexBatch batch;
  for (std::size_t table = 0; table < writes_.size(); ++table) {
    while (!writes_[table].empty()) {
      auto node = writes_[table].extract(writes_[table].begin());
      batch.push_back({static_cast<Table>(table), std::move(node.key()), std::move(node.mapped())});
    }
  }
  return batch;
}

}  // namespace millrace::store
