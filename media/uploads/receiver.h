// Receiver: one transfer into one upload, from the first slice to finish(). It streams into a store Writer and commits
// what arrived every 64 MiB (growing with the file) as a further part, so a crash loses little and a cut nothing.
//
// Belongs to the loop that opened it. Its owner must finish it exactly once, whatever happened, before dropping it.
// A newer transfer of the same upload evicts it: on_evicted runs on its loop (stop reading the body there), append()
// then answers kConflict, and finish(false) still keeps what arrived.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "media/records/clock.h"
#include "media/uploads/upload.h"
#include "server/rt/bytes.h"
#include "server/rt/error.h"
#include "server/rt/event.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

inline constexpr std::uint64_t kCheckpointBytes = 64ull << 20;

class Transfers;
struct Transfer;

// What a receiver may take in, from the upload and its tenant.
struct ReceiverLimits {
  std::uint64_t file_max_bytes = 0;          // position and what follows stay below it
  std::optional<std::uint64_t> total_bytes;  // of the file, when its sender said; kept with the upload
  std::int64_t idle_ms = 0;                  // how far every activity moves the expiry
};

class Receiver {
 public:
  // Made by Uploads::open_receiver. `transfer` is this receiver's entry in `transfers`; `offset` was checked.
  Receiver(store::Store& store, Transfers& transfers, std::shared_ptr<Transfer> transfer, Upload upload,
           std::uint64_t offset, ReceiverLimits limits, Clock clock);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // Before the first append(): what arrives is kept whole or not at all. For pieces that are checked at their end, and
  // for senders that repeat a piece from its start because they cannot know how much of it arrived.
  void hold_back() noexcept { all_or_nothing_ = true; }

  // kTooLarge beyond the declared size or the tenant's limit; kConflict when evicted or the upload left its state.
  rt::Task<rt::Status> append(rt::Slice slice);

  // Commits the tail. `complete`: the sender says that this was the end of the file. Otherwise what arrived is kept to
  // be continued, unless that would take the place of a whole file. Returns the upload as committed; kInvalid when the
  // end is not where it was announced, what arrived is then kept as if not complete.
  rt::Task<rt::Result<Upload>> finish(bool complete);
  // Instead of finish(), when all of a piece arrived and more will follow: a first piece takes a whole file's place.
  rt::Task<rt::Result<Upload>> finish_piece();

  // Of the whole file, when its sender said.
  std::optional<std::uint64_t> total_bytes() const noexcept { return limits_.total_bytes; }
  // How much of the file a crash cannot take any more.
  std::uint64_t kept_bytes() const noexcept { return upload_.bytes_received; }
  // Offset in the file of the next byte.
  std::uint64_t position() const noexcept { return start_ + writer_->appended_bytes(); }

 private:
  enum class Ending : std::uint8_t { kCut, kPiece, kWhole };

  bool due_for_checkpoint() const noexcept;
  bool tells_size() const noexcept;
  rt::Status check_end() const;
  rt::Task<rt::Status> start_checkpoint();
  rt::Task<void> checkpoint(store::Draft draft);
  rt::Task<rt::Result<Upload>> end(Ending ending);
  rt::Task<rt::Result<Upload>> commit_tail(Ending ending);
  rt::Task<rt::Status> commit(store::Draft draft, bool complete);
  rt::Task<rt::Result<store::Revision>> try_commit(const Upload& changed, std::shared_ptr<store::Draft::Content> draft);
  rt::Task<rt::Status> follow_change();
  Upload with(const store::Draft& draft, bool complete) const;

  store::Store& store_;
  Transfers& transfers_;
  const std::shared_ptr<Transfer> transfer_;
  Upload upload_;              // as committed
  const std::uint64_t start_;  // offset of the writer's first byte
  bool all_or_nothing_;        // held back, or a whole file stays until the new one or its first piece is there
  bool replaces_;              // the next commit takes the place of what was there
  const ReceiverLimits limits_;
  const Clock clock_;
  const std::unique_ptr<store::Writer> writer_;
  std::uint64_t taken_bytes_ = 0;
  rt::Status failure_;  // of a checkpoint
  rt::Scope checkpoints_;
  bool finished_ = false;
};

}  // namespace millrace::media
