// The facade: each call looks things up or hands them on, none does work of its own.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "store/codec.h"
#include "store/draft.h"
#include "store/embedded_store.h"
#include "store/reader.h"
#include "store/sharing.h"
#include "store/writer.h"

namespace millrace::store {
namespace {

constexpr std::chrono::milliseconds kLinger{5};
constexpr std::size_t kSmallObjectsShare = 4;  // of what the index may cache

// The first key behind all that begin with the prefix; empty: there is none.
std::string behind(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

rt::Result<std::vector<Record>> scan_records(const Index& index, const Scan& scan) {
  std::string start = scan.reverse ? behind(scan.prefix) : scan.prefix;
  if (scan.reverse && !scan.after.empty() && (start.empty() || scan.after < start)) start = scan.after;
  if (!scan.reverse && scan.after >= start && !scan.after.empty()) start = scan.after + '\0';
  std::vector<Record> records;
  rt::Status decoded;
  if (scan.limit == 0) return records;
  const auto direction = scan.reverse ? Direction::kBackward : Direction::kForward;
  auto visited = index.visit(Table::kRecords, start, direction, [&](std::string_view key, std::string_view value) {
    if (!key.starts_with(scan.prefix)) return false;
    auto record = decode_record(value);
    if (!record) {
      decoded = pass(record);
      return false;
    }
    records.push_back({std::string(key), std::move(record->value), record->revision});
    return records.size() < scan.limit;
  });
  if (!visited) return pass(visited);
  if (!decoded) return pass(decoded);
  return records;
}

rt::Status check_range(std::uint64_t size, std::uint64_t offset, std::uint64_t length) {
  if (offset <= size && length <= size - offset) return {};
  return rt::fail(rt::Code::kRangeUnsatisfiable, fmt::format("the object has {} bytes", size));
}

rt::Error no_object(ObjectId id) { return {rt::Code::kNotFound, fmt::format("there is no object {}", id.text())}; }

// What a commit waits for.
struct Pending {
  rt::Result<Revision> result = 0;
  Latch done;
};

}  // namespace

rt::Result<std::unique_ptr<Store>> Store::open(Options options, Disk& disk, rt::Budget& budget, rt::Pool& io) {
  Seams seams{rocksdb_index(options.index_cache_bytes), [] { return std::int64_t{std::time(nullptr)}; }, kLinger};
  auto store = EmbeddedStore::open(std::move(options), disk, budget, io, std::move(seams));
  if (!store) return pass(store);
  return std::move(*store);
}

rt::Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::open(Options options, Disk& disk, rt::Budget& budget,
                                                               rt::Pool& io, Seams seams) {
  std::vector<std::string> damage;
  auto files = open_files(options, disk, seams, OnBadIndex::kRebuildIfMissing,
                          [&damage](std::string sentence) { damage.push_back(std::move(sentence)); });
  if (!files) return pass(files);
  std::ranges::copy(files->findings.losses, std::back_inserter(damage));
  std::unique_ptr<EmbeddedStore> store(
      new EmbeddedStore(std::move(options), budget, io, std::move(seams), std::move(*files)));
  for (std::string& sentence : damage) store->damage_.report(std::move(sentence));
  return store;
}

EmbeddedStore::EmbeddedStore(Options options, rt::Budget& budget, rt::Pool& io, Seams seams, OpenedFiles files)
    : options_(std::move(options)),
      files_(std::move(files)),
      catalog_(*files_.index),
      table_(files_.recovered.applied.next_chunk_id),
      small_objects_(stamps_, options_.index_cache_bytes / kSmallObjectsShare),
      writer_(std::make_unique<SegmentWriter>(*files_.segments,
                                              SegmentWriter::Settings{files_.identity.id, options_.segment_bytes,
                                                                      options_.free_space_min_bytes, seams.linger},
                                              files_.recovered.end)),
      committer_(std::make_unique<Committer>(
          *files_.index, *writer_, table_, stamps_, files_.recovered.applied,
          Committer::Settings{static_cast<std::int64_t>(options_.reclaim_delay_seconds), seams.now})),
      internals_{
          options_, files_.identity.secret, budget, io, catalog_, *files_.segments, *writer_, table_, epochs_, damage_,
          counters_},
      keeper_(std::make_unique<Keeper>(internals_, *committer_, seams.now, seams.keeper_runs)) {}

EmbeddedStore::~EmbeddedStore() {
  keeper_.reset();
  committer_.reset();
  writer_.reset();
  (void)files_.index->sync();
}

std::unique_ptr<Writer> EmbeddedStore::writer(std::string domain) {
  return make_writer(internals_, options_.share_across_domains ? std::string() : domain);
}

rt::Task<rt::Result<Revision>> EmbeddedStore::commit(Transaction transaction) {
  for (const Transaction::Create& create : transaction.creations) {
    if (!create.draft.content()) continue;
    for (const auto& chunk : create.draft.content()->chunks) {
      co_await chunk->resolved.wait();
      if (chunk->held) co_await chunk->held->located().wait();
    }
  }
  auto pending = std::make_shared<Pending>();
  committer_->commit(std::move(transaction), [pending](rt::Result<Revision> result) {
    pending->result = std::move(result);
    pending->done.set();
  });
  co_await pending->done.wait();
  co_return std::move(pending->result);
}

rt::Task<rt::Result<std::optional<Record>>> EmbeddedStore::get(std::string key) {
  auto found = co_await look_up(internals_.io, [this, &key](Reach reach) { return catalog_.record(key, reach); });
  if (!found) co_return pass(found);
  if (!*found) co_return std::optional<Record>();
  co_return std::optional<Record>(Record{std::move(key), std::move((*found)->value), (*found)->revision});
}

rt::Task<rt::Result<std::vector<Record>>> EmbeddedStore::scan(Scan scan) {
  auto records = co_await internals_.io.run([this, &scan] { return scan_records(catalog_.index(), scan); });
  co_return records;
}

rt::Task<rt::Result<std::shared_ptr<const ObjectEntry>>> EmbeddedStore::object(ObjectId id) {
  auto found = co_await look_up(internals_.io, [this, id](Reach reach) { return catalog_.object(id, reach); });
  if (!found) co_return pass(found);
  if (!*found) co_return std::shared_ptr<const ObjectEntry>();
  co_return std::make_shared<const ObjectEntry>(std::move(**found));
}

rt::Task<rt::Result<std::optional<ObjectInfo>>> EmbeddedStore::info(ObjectId id) {
  auto found = co_await object(id);
  if (!found) co_return pass(found);
  co_return *found ? std::optional((*found)->info) : std::nullopt;
}

rt::Task<rt::Result<std::unique_ptr<Reader>>> EmbeddedStore::read(ObjectId id, std::uint64_t offset,
                                                                  std::uint64_t length) {
  if (const auto kept = small_objects_.find(id)) {
    if (auto inside = check_range(kept->size(), offset, length); !inside) co_return pass(inside);
    co_return make_reader(*kept, offset, length);
  }
  const std::uint64_t stamp = small_objects_.stamp(id);
  Epochs::Pin pin = epochs_.pin();  // before the look-up: from here on nothing it finds is reclaimed
  auto found = co_await object(id);
  if (!found) co_return pass(found);
  if (!*found) co_return std::unexpected(no_object(id));
  const std::uint64_t size = (*found)->info.size_bytes;
  if (auto inside = check_range(size, offset, length); !inside) co_return pass(inside);
  if (size <= SmallObjects::kObjectBytesMax) {
    co_return co_await read_small(std::move(*found), std::move(pin), stamp, offset, length);
  }
  co_return make_reader(internals_, std::move(*found), std::move(pin), offset, length);
}

rt::Task<rt::Result<std::unique_ptr<Reader>>> EmbeddedStore::read_small(std::shared_ptr<const ObjectEntry> object,
                                                                        Epochs::Pin pin, std::uint64_t stamp,
                                                                        std::uint64_t offset, std::uint64_t length) {
  const ObjectInfo info = object->info;
  const auto whole = make_reader(internals_, std::move(object), std::move(pin), 0, info.size_bytes);
  auto slices = co_await whole->next(info.size_bytes);
  if (!slices) co_return pass(slices);
  const auto kept = small_objects_.keep(info.id, stamp, *slices);
  if (!kept) co_return rt::fail(rt::Code::kIo, fmt::format("object {} cannot be read", info.id.text()));
  co_return make_reader(*kept, offset, length);
}

rt::Task<rt::Result<Draft>> EmbeddedStore::share(ObjectId id, std::uint64_t offset, std::uint64_t length,
                                                 std::string domain) {
  Epochs::Pin pin = epochs_.pin();
  auto found = co_await object(id);
  if (!found) co_return pass(found);
  if (!*found) co_return std::unexpected(no_object(id));
  if (auto inside = check_range((*found)->info.size_bytes, offset, length); !inside) co_return pass(inside);
  co_return co_await share_range(internals_, std::move(*found), std::move(pin), offset, length, std::move(domain));
}

rt::Task<rt::Result<bool>> EmbeddedStore::same(ObjectId a, ObjectId b) {
  Epochs::Pin first_pin = epochs_.pin();
  Epochs::Pin second_pin = epochs_.pin();
  auto first = co_await object(a);
  if (!first) co_return pass(first);
  auto second = co_await object(b);
  if (!second) co_return pass(second);
  if (!*first || !*second) co_return std::unexpected(no_object(*first ? b : a));
  first_pin.narrow(*first);
  second_pin.narrow(*second);
  if ((*first)->info.size_bytes != (*second)->info.size_bytes) co_return false;
  auto same = co_await same_bytes(internals_, std::move(*first), std::move(*second));
  co_return same;
}

Stats EmbeddedStore::stats() const {
  const Applied applied = committer_->applied();
  Stats stats;
  stats.objects = applied.objects;
  stats.chunks = applied.chunks;
  stats.logical_bytes = applied.logical_bytes;
  stats.stored_bytes = applied.stored_bytes;
  for (const SegmentPtr& segment : files_.segments->all()) stats.segment_bytes += segment->file().allocated_bytes();
  stats.dead_bytes = stats.segment_bytes - std::min(stats.segment_bytes, stats.stored_bytes);
  stats.deduplicated_bytes = counters_.deduplicated_bytes.load(std::memory_order_relaxed);
  stats.copied_body_bytes = counters_.copied_body_bytes.load(std::memory_order_relaxed);
  stats.damaged_chunks = damage_.count();
  stats.commits = committer_->commits();
  stats.syncs = writer_->syncs();
  stats.scrubbed_bytes = counters_.scrubbed_bytes.load(std::memory_order_relaxed);
  stats.free_disk_bytes = files_.segments->disk().free_bytes(options_.directory).value_or(0);
  stats.full = writer_->full();
  return stats;
}

void EmbeddedStore::on_damage(std::function<void(std::string)> report) { damage_.on_damage(std::move(report)); }

}  // namespace millrace::store
