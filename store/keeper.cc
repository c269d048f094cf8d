#include "store/keeper.h"

namespace millrace::store {
namespace {

constexpr std::chrono::milliseconds kTick{1000};
constexpr std::uint64_t kReclaimTicks = 5;
constexpr std::uint64_t kCompactTicks = 30;

}  // namespace

Keeper::Keeper(Internals& store, Committer& committer, std::function<std::int64_t()> now, bool runs)
    : store_(store),
      committer_(committer),
      reclaimer_(store, committer, std::move(now)),
      compactor_(store, committer),
      scrubber_(store) {
  if (runs) thread_ = std::thread([this] { run(); });
}

Keeper::~Keeper() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool Keeper::sleep(std::chrono::milliseconds delay) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, delay, [this] { return stopping_; });
}

void Keeper::run() {
  std::uint64_t synced_sequence = committer_.applied().sequence;
  for (std::uint64_t tick = 1; sleep(kTick); ++tick) {
    if (store_.options.scrub_bytes_per_second > 0) (void)scrub(store_.options.scrub_bytes_per_second);
    if (tick % kReclaimTicks == 0) {
      (void)reclaim();
      const std::uint64_t sequence = committer_.applied().sequence;
      if (sequence != synced_sequence && committer_.sync_index()) synced_sequence = sequence;
    }
    if (tick % kCompactTicks == 0) (void)compact();
  }
}

}  // namespace millrace::store
