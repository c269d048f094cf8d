// The Writer: runs the cutter and the digest over bytes while they are hot in the cache, keeps the slices of the chunk
// that is growing, and hands finished chunks on. Small pieces are copied out, so that a few bytes do not pin a receive
// block. Under memory pressure growing chunks are cut early, the longest idle first, whoever they belong to.
#include "store/writer.h"

#include <algorithm>
#include <deque>
#include <list>

#include "server/rt/block.h"
#include "store/chunker.h"
#include "store/dedup.h"
#include "store/digest.h"

namespace millrace::store {
namespace {

constexpr std::size_t kInFlightBytesMax = std::size_t{8} << 20;
constexpr std::size_t kEarlyCutBytes = std::size_t{64} << 10;
constexpr int kTailsLookedAt = 8;
constexpr std::size_t kCopyBytesMin = std::size_t{8} << 10;
constexpr std::size_t kCopyBytesMax = std::size_t{64} << 10;

// Memory that small pieces are copied into, one after the other.
class CopyBuffer final : public rt::Owner {
 public:
  CopyBuffer(rt::Budget& budget, std::size_t capacity)
      : budget_(budget), capacity_(capacity), data_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {
    budget_.charge(capacity_);
  }
  std::size_t room() const { return capacity_ - filled_; }
  std::size_t capacity() const { return capacity_; }
  rt::Slice add(std::span<const std::byte> bytes) {
    std::byte* at = data_.get() + filled_;
    std::ranges::copy(bytes, at);
    filled_ += bytes.size();
    return {rt::Ref<rt::Owner>::share(this), at, bytes.size()};
  }

 private:
  void dispose() noexcept override {
    budget_.refund(capacity_);
    delete this;
  }
  rt::Budget& budget_;
  const std::size_t capacity_;
  const std::unique_ptr<std::byte[]> data_;
  std::size_t filled_ = 0;
};

class StoreWriter;

// The writers of this loop with a growing chunk, longest idle first.
thread_local std::list<StoreWriter*> tails;

class StoreWriter final : public Writer {
 public:
  StoreWriter(Internals& store, const Hash128& domain)
      : store_(store),
        domain_(domain),
        cutter_({store.options.chunk_min_bytes, store.options.chunk_average_bytes, store.options.chunk_max_bytes}),
        digest_(store.secret) {}

  ~StoreWriter() override { leave_tails(); }

  rt::Task<rt::Status> append(rt::Slice slice) override {
    if (auto failed = check_in_flight(); !failed) co_return failed;
    appended_bytes_ += slice.size();
    while (!slice.empty()) {
      const Cutter::Step step = cutter_.next(slice.bytes());
      rt::Slice piece = slice.take_front(step.taken_bytes);
      digest_.update(piece.bytes());
      keep(std::move(piece));
      if (step.cut) end_chunk();
    }
    enter_tails();
    relieve();
    // Under pressure nothing new is taken before what was taken is on the disk.
    co_await flow_->wait_for_room(store_.budget.under_pressure() ? 0 : kInFlightBytesMax);
    co_return check_in_flight();
  }

  rt::Task<rt::Result<Draft>> take() override { co_return hand_over(); }

  rt::Task<rt::Result<Draft>> finish() override {
    if (tail_bytes_ > 0) end_chunk();
    leave_tails();
    copies_ = {};
    co_return hand_over();
  }

  std::uint64_t appended_bytes() const noexcept override { return appended_bytes_; }

 private:
  void keep(rt::Slice piece) {
    if (piece.empty()) return;
    tail_bytes_ += piece.size();
    const bool continues = !tail_.empty() && tail_.back().continues_with(piece);
    if (!continues && piece.size() < rt::kPinMinBytes) piece = copied(piece.bytes());
    if (!tail_.empty() && tail_.back().continues_with(piece)) {
      tail_.back().extend(piece.size());
    } else {
      tail_.push_back(std::move(piece));
    }
  }

  rt::Slice copied(std::span<const std::byte> bytes) {
    store_.counters.copied_body_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
    if (!copies_ || copies_->room() < bytes.size()) {
      const std::size_t capacity = copies_ ? std::min(2 * copies_->capacity(), kCopyBytesMax) : kCopyBytesMin;
      copies_ = rt::Ref<CopyBuffer>::adopt(new CopyBuffer(store_.budget, capacity));
    }
    return copies_->add(bytes);
  }

  void end_chunk() {
    ChunkSummary summary = digest_.finish();
    auto draft = std::make_shared<DraftChunk>(summary.length);
    content().add(draft, summary);
    in_flight_.push_back(draft);
    flow_->add(summary.length);
    tail_bytes_ = 0;
    store_chunk(store_, {domain_, std::move(summary), std::exchange(tail_, {}), flow_, std::move(draft)});
  }

  void cut_early() {
    cutter_.reset();
    end_chunk();
    copies_ = {};
    leave_tails();
  }

  // The fuller the budget, the smaller the chunks that are cut: at its end whatever is there.
  static std::size_t early_cut_bytes(const rt::Budget& budget) {
    const std::size_t used = std::min(budget.used_bytes(), budget.limit_bytes());
    const std::size_t quarter = std::max<std::size_t>(budget.limit_bytes() / 4, 1);
    return std::max<std::size_t>(kEarlyCutBytes * std::min(budget.limit_bytes() - used, quarter) / quarter, 1);
  }

  void relieve() {
    if (!store_.budget.under_pressure()) return;
    const std::size_t least = early_cut_bytes(store_.budget);
    auto next = tails.begin();
    for (int i = 0; i < kTailsLookedAt && next != tails.end(); ++i) {
      StoreWriter& writer = **next++;
      if (writer.tail_bytes_ >= least) writer.cut_early();
    }
    if (tail_bytes_ >= least) cut_early();
  }

  void enter_tails() {
    leave_tails();
    if (tail_bytes_ == 0) return;
    place_ = tails.insert(tails.end(), this);
    in_tails_ = true;
  }

  void leave_tails() {
    if (std::exchange(in_tails_, false)) tails.erase(place_);
  }

  // What has settled is looked at once, in order.
  rt::Status check_in_flight() {
    while (!in_flight_.empty() && in_flight_.front()->resolved.is_set()) {
      const DraftChunk& chunk = *in_flight_.front();
      if (chunk.held && !chunk.held->located().is_set()) break;
      if (auto failure = chunk.failure()) return std::unexpected(std::move(*failure));
      in_flight_.pop_front();
    }
    return {};
  }

  Draft::Content& content() {
    if (!content_) content_ = std::make_shared<Draft::Content>();
    return *content_;
  }

  rt::Result<Draft> hand_over() {
    if (auto failed = check_in_flight(); !failed) return pass(failed);
    content();
    return Draft(std::exchange(content_, nullptr));
  }

  Internals& store_;
  const Hash128 domain_;
  Cutter cutter_;
  ChunkDigest digest_;
  const std::shared_ptr<Flow> flow_ = std::make_shared<Flow>();
  std::shared_ptr<Draft::Content> content_;
  std::deque<std::shared_ptr<DraftChunk>> in_flight_;
  rt::Slices tail_;
  std::size_t tail_bytes_ = 0;
  rt::Ref<CopyBuffer> copies_;
  std::uint64_t appended_bytes_ = 0;
  bool in_tails_ = false;
  std::list<StoreWriter*>::iterator place_;
};

}  // namespace

std::unique_ptr<Writer> make_writer(Internals& store, const std::string& domain) {
  const std::string_view shared = store.options.share_across_domains ? std::string_view() : domain;
  return std::make_unique<StoreWriter>(store, hash_of(store.secret, std::as_bytes(std::span(shared))));
}

}  // namespace millrace::store
