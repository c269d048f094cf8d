#include "media/uploads/receiver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/records/records.h"
#include "media/uploads/transfers.h"

namespace millrace::media {
namespace {

using rt::Code;

// Checkpoints grow with the file, so that even a huge one has a few hundred parts.
constexpr std::uint64_t kCheckpointFraction = 16;
constexpr int kCommitRounds = 8;

}  // namespace

Receiver::Receiver(store::Store& store, Transfers& transfers, std::shared_ptr<Transfer> transfer, Upload upload,
                   std::uint64_t offset, ReceiverLimits limits, Clock clock)
    : store_(store),
      transfers_(transfers),
      transfer_(std::move(transfer)),
      upload_(std::move(upload)),
      start_(offset),
      all_or_nothing_(offset == 0 && upload_.whole && !upload_.parts.empty()),
      replaces_(offset == 0),
      limits_(limits),
      clock_(clock),
      writer_(store.writer(upload_.tenant)) {
  transfer_->position = start_;
}

Receiver::~Receiver() { assert(finished_ && "finish() a Receiver before it goes"); }

rt::Task<rt::Status> Receiver::append(rt::Slice slice) {
  if (!failure_) co_return failure_;
  if (transfer_->evicted) co_return rt::fail(Code::kConflict, "a newer transfer of this upload has begun");
  if (slice.size() > limits_.file_max_bytes - position()) {
    co_return rt::fail(Code::kTooLarge, "the file is larger than announced or allowed");
  }
  auto appended = co_await writer_->append(std::move(slice));
  if (!appended) co_return appended;
  transfer_->position.store(position(), std::memory_order_relaxed);
  if (due_for_checkpoint()) co_return co_await start_checkpoint();
  co_return rt::Status{};
}

bool Receiver::due_for_checkpoint() const noexcept {
  if (all_or_nothing_ || checkpoints_.running() > 0) return false;
  const std::uint64_t untaken = writer_->appended_bytes() - taken_bytes_;
  return untaken >= std::max(kCheckpointBytes, position() / kCheckpointFraction);
}

// The commit runs beside the receiving: it waits for the disk, the network need not.
rt::Task<rt::Status> Receiver::start_checkpoint() {
  auto draft = co_await writer_->take();
  if (!draft) co_return rt::pass(draft);
  taken_bytes_ += draft->size_bytes();
  if (draft->size_bytes() > 0) checkpoints_.spawn(checkpoint(std::move(*draft)));
  co_return rt::Status{};
}

rt::Task<void> Receiver::checkpoint(store::Draft draft) { failure_ = co_await commit(std::move(draft), false); }

rt::Task<rt::Result<Upload>> Receiver::finish(bool complete) { return end(complete ? Ending::kWhole : Ending::kCut); }

rt::Task<rt::Result<Upload>> Receiver::finish_piece() { return end(Ending::kPiece); }

rt::Task<rt::Result<Upload>> Receiver::end(Ending ending) {
  co_await checkpoints_.join();
  auto good = ending == Ending::kWhole ? check_end() : rt::Status();
  auto result = co_await commit_tail(good ? ending : Ending::kCut);
  finished_ = true;
  transfers_.end(transfer_);
  if (result && !good) co_return rt::pass(good);
  co_return result;
}

rt::Status Receiver::check_end() const {
  if (position() == upload_.declared_bytes.value_or(position())) return {};
  return rt::fail(Code::kInvalid,
                  fmt::format("{} bytes have arrived, {} were announced", position(), *upload_.declared_bytes),
                  "fileSize");
}

rt::Task<rt::Result<Upload>> Receiver::commit_tail(Ending ending) {
  if (!failure_) co_return rt::pass(failure_);
  auto draft = co_await writer_->finish();
  if (!draft) co_return rt::pass(draft);
  const bool complete = ending == Ending::kWhole;
  const bool dropped = ending == Ending::kCut && (all_or_nothing_ || draft->size_bytes() == 0);
  const bool nothing_new = draft->size_bytes() == 0 && !tells_size();
  if (dropped || (!complete && nothing_new)) co_return upload_;
  auto committed = co_await commit(std::move(*draft), complete);
  if (!committed) co_return rt::pass(committed);
  co_return upload_;
}

// An empty piece that says how large the file will be; it begins nothing anew.
bool Receiver::tells_size() const noexcept {
  return limits_.total_bytes != upload_.total_bytes && (!replaces_ || upload_.parts.empty());
}

// The upload with this draft as a further part, or as its only one.
Upload Receiver::with(const store::Draft& draft, bool complete) const {
  Upload changed = upload_;
  if (replaces_) changed.parts.clear();
  if (draft.size_bytes() > 0) {
    changed.parts.push_back({store::ObjectId::random(), draft.size_bytes(), draft.crc64nvme()});
  }
  changed.bytes_received = 0;
  for (const UploadPart& part : changed.parts) changed.bytes_received += part.size_bytes;
  changed.total_bytes = limits_.total_bytes;
  changed.etag.clear();
  changed.state = UploadState::kUploading;
  changed.whole = complete;
  changed.updated_ms = clock_();
  changed.expires_ms = changed.updated_ms + limits_.idle_ms;
  return changed;
}

// A commit that lost a race follows the change, if the upload can still take bytes, and tries again.
rt::Task<rt::Status> Receiver::commit(store::Draft draft, bool complete) {
  for (int round = 0; round < kCommitRounds; ++round) {
    Upload changed = with(draft, complete);
    auto committed = co_await try_commit(changed, draft.content());
    if (committed) {
      upload_ = std::move(changed);
      upload_.revision = *committed;
      replaces_ = false;
      co_return rt::Status{};
    }
    if (committed.error().code != Code::kConflict) co_return rt::pass(committed);
    auto followed = co_await follow_change();
    if (!followed) co_return followed;
  }
  co_return rt::fail(Code::kUnavailable, "the upload is changed too often");
}

rt::Task<rt::Result<store::Revision>> Receiver::try_commit(const Upload& changed,
                                                           std::shared_ptr<store::Draft::Content> draft) {
  const std::string key = keys::upload(changed.tenant, changed.id);
  store::Transaction transaction;
  transaction.require(key, changed.revision);
  transaction.put(key, encode(changed));
  if (replaces_) {
    for (const UploadPart& part : upload_.parts) transaction.remove(part.object);
  }
  store::Draft bytes(std::move(draft));
  if (bytes.size_bytes() > 0) transaction.create(changed.parts.back().object, std::move(bytes));
  co_return co_await store_.commit(std::move(transaction));
}

rt::Task<rt::Status> Receiver::follow_change() {
  auto record = co_await get_record(store_, keys::upload(upload_.tenant, upload_.id), "upload");
  if (!record) co_return rt::pass(record);
  auto current = decode_upload(*record);
  if (!current) co_return rt::pass(current);
  if (!is_open(*current)) {
    co_return not_open(*current);
  }
  if (current->parts != upload_.parts) co_return rt::fail(Code::kConflict, "the upload was changed meanwhile");
  upload_ = std::move(*current);
  co_return rt::Status{};
}

}  // namespace millrace::media
