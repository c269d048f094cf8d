// A step of a Reader is a run inside one chunk that ends on a checksum block, so that each block is verified once. What
// is in memory is verified on the loop (26 GB/s), what is not is fetched and verified in the I/O pool.
#include "store/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "server/rt/bus_guard.h"

namespace millrace::store {
namespace {

constexpr std::uint64_t kReadAheadBytes = std::uint64_t{4} << 20;
constexpr std::size_t kCompareBytes = std::size_t{1} << 20;
constexpr int kMovesMax = 4;

std::uint64_t block_floor(std::uint64_t offset) { return offset / kChecksumBlockBytes * kChecksumBlockBytes; }

// What slices own: their mapping, and that nobody reclaims what lies in it. They may outlive the reader.
class PinnedMapping final : public rt::Owner {
 public:
  PinnedMapping(rt::Ref<Mapping> mapping, std::shared_ptr<const Epochs::Pin> pin)
      : mapping_(std::move(mapping)), pin_(std::move(pin)) {}
  const Mapping* mapping() const { return mapping_.get(); }

 private:
  void dispose() noexcept override { delete this; }
  const rt::Ref<Mapping> mapping_;
  const std::shared_ptr<const Epochs::Pin> pin_;
};

class StoreReader final : public Reader {
 public:
  StoreReader(Internals& store, std::shared_ptr<const ObjectEntry> object, Epochs::Pin pin, std::uint64_t offset,
              std::uint64_t length)
      : store_(store), object_(std::move(object)), remaining_(length) {
    pin.narrow(object_);
    pin_ = std::make_shared<const Epochs::Pin>(std::move(pin));
    seek(offset);
  }

  rt::Task<rt::Result<rt::Slices>> next(std::size_t want_bytes) override {
    rt::Slices slices;
    for (std::uint64_t got = 0; remaining_ > 0 && got < want_bytes;) {
      if (auto ready = co_await load_chunk(); !ready) co_return pass(ready);
      const Step step = next_step(want_bytes - got);
      auto verified = co_await verify(step);
      if (!verified) co_return pass(verified);
      slices.emplace_back(owner(), stored_.bytes().data() + step.from, step.to - step.from);
      got += step.to - step.from;
      advance(step.to - step.from);
    }
    co_return slices;
  }

  std::uint64_t remaining_bytes() const noexcept override { return remaining_; }

 private:
  // Of the current chunk's bytes.
  struct Step {
    std::uint64_t from;
    std::uint64_t to;
  };

  // Of slices of the current chunk; chunks of one mapping share it.
  rt::Ref<rt::Owner> owner() {
    if (!owner_ || owner_->mapping() != stored_.mapping.get()) {
      owner_ = rt::Ref<PinnedMapping>::adopt(new PinnedMapping(stored_.mapping, pin_));
    }
    return rt::Ref<rt::Owner>::share(owner_.get());
  }

  void seek(std::uint64_t offset) {
    while (extent_ < object_->extents.size() && offset >= object_->extents[extent_].length) {
      offset -= object_->extents[extent_++].length;
    }
    inside_ = offset;
  }

  void advance(std::uint64_t bytes) {
    remaining_ -= bytes;
    inside_ += bytes;
    if (inside_ < object_->extents[extent_].length) return;
    inside_ = 0;
    ++extent_;
  }

  Step next_step(std::uint64_t want) const {
    const Extent& extent = object_->extents[extent_];
    const std::uint64_t from = extent.offset + inside_;
    const std::uint64_t end = std::min<std::uint64_t>(extent.offset + extent.length, from + remaining_);
    return {from, std::min(end, align_up(from + want, kChecksumBlockBytes))};
  }

  // A chunk that is moved while we look for it is looked up again.
  rt::Task<rt::Status> load_chunk() {
    const Extent extent = object_->extents[extent_];
    if (chunk_.id == extent.chunk) co_return rt::Status{};
    for (int move = 0;; ++move) {
      const ChunkId id = extent.chunk;
      auto entry = co_await look_up(store_.io, [this, id](Reach reach) { return store_.catalog.chunk(id, reach); });
      if (!entry) co_return pass(entry);
      if (!*entry) co_return rt::fail(rt::Code::kDamaged, fmt::format("chunk {} is missing", id));
      const ChunkInfo& info = (*entry)->info;
      if (extent.offset + std::uint64_t{extent.length} > info.summary.length) {
        co_return rt::fail(rt::Code::kDamaged, fmt::format("chunk {} is too short", id));
      }
      auto stored = stored_bytes(store_.segments, info);
      if (stored) {
        chunk_ = info;
        stored_ = std::move(*stored);
        co_return rt::Status{};
      }
      if (stored.error().code == rt::Code::kNotFound && move < kMovesMax) continue;
      store_.damage.report(info, stored.error().message);
      co_return rt::fail(rt::Code::kDamaged, stored.error().message);
    }
  }

  rt::Task<rt::Status> verify(Step step) {
    const std::uint64_t from = stored_.offset + block_floor(step.from);
    const std::uint64_t to = stored_.offset + std::min(align_up(step.to, kChecksumBlockBytes), stored_.length);
    if (stored_.mapping->resident(from, to - from)) co_return check(step);
    auto checked = co_await store_.io.run([this, step, from, to]() -> rt::Status {
      stored_.mapping->will_need(from, to - from + kReadAheadBytes);
      if (auto populated = stored_.mapping->populate(from, to - from); !populated) {
        store_.damage.report(chunk_, populated.error().message);
        return populated;
      }
      return check(step);
    });
    co_return checked;
  }

  rt::Status check(Step step) const {
    if (blocks_intact(stored_, chunk_.summary, step.from, step.to)) return {};
    store_.damage.report(chunk_, "the stored bytes cannot be read or do not match their checksums");
    return rt::fail(rt::Code::kDamaged, fmt::format("chunk {} is damaged", chunk_.id));
  }

  Internals& store_;
  const std::shared_ptr<const ObjectEntry> object_;
  std::shared_ptr<const Epochs::Pin> pin_;
  std::uint64_t remaining_;
  std::size_t extent_ = 0;
  std::uint64_t inside_ = 0;  // of the current extent
  ChunkInfo chunk_;           // the one that is loaded, id 0 for none
  StoredBytes stored_;
  rt::Ref<PinnedMapping> owner_;
};

// One side of a comparison: the extent at the current position.
class Cursor {
 public:
  explicit Cursor(const ObjectEntry& object) : object_(object) {}
  Extent rest() const {
    const Extent& extent = object_.extents[index_];
    return {extent.chunk, extent.offset + inside_, extent.length - inside_};
  }
  void advance(std::uint32_t bytes) {
    inside_ += bytes;
    if (inside_ < object_.extents[index_].length) return;
    inside_ = 0;
    ++index_;
  }

 private:
  const ObjectEntry& object_;
  std::size_t index_ = 0;
  std::uint32_t inside_ = 0;
};

// The runs of bytes that do not lie in the same place of the same chunk.
struct Run {
  std::uint64_t offset;
  std::uint64_t length;
};

std::vector<Run> unshared_runs(const ObjectEntry& a, const ObjectEntry& b) {
  std::vector<Run> runs;
  Cursor in_a(a);
  Cursor in_b(b);
  for (std::uint64_t at = 0; at < a.info.size_bytes;) {
    const Extent left = in_a.rest();
    const Extent right = in_b.rest();
    const std::uint32_t length = std::min(left.length, right.length);
    if (left.chunk != right.chunk || left.offset != right.offset) {
      if (!runs.empty() && runs.back().offset + runs.back().length == at) {
        runs.back().length += length;
      } else {
        runs.push_back({at, length});
      }
    }
    in_a.advance(length);
    in_b.advance(length);
    at += length;
  }
  return runs;
}

// How many bytes they are equal in; 0 when they are not.
rt::Result<std::size_t> equal_prefix(const rt::Slice& a, const rt::Slice& b) {
  const std::size_t count = std::min(a.size(), b.size());
  bool equal = false;
  const bool readable = rt::survives([&] { equal = std::memcmp(a.data(), b.data(), count) == 0; });
  if (!readable) return rt::fail(rt::Code::kIo, "the bytes to compare cannot be read");
  return equal ? count : 0;
}

// Bytes of a reader with what is left of its last slices.
class Feed {
 public:
  explicit Feed(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
  rt::Task<rt::Status> fill() {
    if (!slice_.empty()) co_return rt::Status{};
    if (index_ == slices_.size()) {
      auto next = co_await reader_->next(kCompareBytes);
      if (!next) co_return pass(next);
      slices_ = std::move(*next);
      index_ = 0;
    }
    slice_ = slices_[index_++];
    co_return rt::Status{};
  }
  rt::Slice& slice() { return slice_; }

 private:
  std::unique_ptr<Reader> reader_;
  rt::Slices slices_;
  std::size_t index_ = 0;
  rt::Slice slice_;
};

rt::Task<rt::Result<bool>> same_run(Internals& store, std::shared_ptr<const ObjectEntry> a,
                                    std::shared_ptr<const ObjectEntry> b, Run run) {
  Feed left(make_reader(store, a, store.epochs.pin(), run.offset, run.length));
  Feed right(make_reader(store, b, store.epochs.pin(), run.offset, run.length));
  for (std::uint64_t done = 0; done < run.length;) {
    auto filled = co_await left.fill();
    if (!filled) co_return pass(filled);
    filled = co_await right.fill();
    if (!filled) co_return pass(filled);
    auto count = equal_prefix(left.slice(), right.slice());
    if (!count) co_return pass(count);
    if (*count == 0) co_return false;
    left.slice().take_front(*count);
    right.slice().take_front(*count);
    done += *count;
  }
  co_return true;
}

}  // namespace

std::unique_ptr<Reader> make_reader(Internals& store, std::shared_ptr<const ObjectEntry> object, Epochs::Pin pin,
                                    std::uint64_t offset, std::uint64_t length) {
  return std::make_unique<StoreReader>(store, std::move(object), std::move(pin), offset, length);
}

rt::Task<rt::Result<bool>> same_bytes(Internals& store, std::shared_ptr<const ObjectEntry> a,
                                      std::shared_ptr<const ObjectEntry> b) {
  for (const Run& run : unshared_runs(*a, *b)) {
    auto same = co_await same_run(store, a, b, run);
    if (!same || !*same) co_return same;
  }
  co_return true;
}

}  // namespace millrace::store
