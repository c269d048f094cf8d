#include "media/uploads/transfers.h"

#include <utility>

#include "server/rt/loop.h"
#include "server/rt/timer.h"

namespace millrace::media {
namespace {

std::unexpected<rt::Error> still_running() {
  return rt::fail(rt::Code::kConflict, "another transfer of this upload is still running");
}

void tell_to_stop(const std::shared_ptr<Transfer>& transfer) {
  if (transfer->evicted.exchange(true)) return;
  transfer->loop->post([transfer] {
    if (auto call = std::exchange(transfer->on_evicted, {})) call();
  });
}

}  // namespace

rt::Task<rt::Result<std::shared_ptr<Transfer>>> Transfers::begin(std::string key, std::function<void()> on_evicted,
                                                                 std::int64_t deadline_ms) {
  auto fresh = std::make_shared<Transfer>();
  fresh->key = std::move(key);
  fresh->loop = &rt::Loop::current();
  fresh->on_evicted = std::move(on_evicted);
  const std::int64_t until_ms = fresh->loop->now_ms() + deadline_ms;
  for (;;) {
    auto older = begin_or_find(fresh);
    if (!older) co_return fresh;
    const std::int64_t left_ms = until_ms - fresh->loop->now_ms();
    const bool gone = co_await wait_gone(std::move(older), left_ms);
    if (!gone) co_return still_running();
  }
}

rt::Task<rt::Status> Transfers::settle(std::string key, std::int64_t deadline_ms) {
  auto running = find(key);
  if (!running) co_return rt::Status{};
  const bool gone = co_await wait_gone(std::move(running), deadline_ms);
  if (!gone) co_return still_running();
  co_return rt::Status{};
}

void Transfers::evict(const std::string& key) {
  std::lock_guard lock(mutex_);
  if (const auto found = running_.find(key); found != running_.end()) tell_to_stop(found->second);
}

void Transfers::end(const std::shared_ptr<Transfer>& transfer) {
  transfer->on_evicted = {};
  std::lock_guard lock(mutex_);
  running_.erase(transfer->key);
  for (const auto& waiter : transfer->waiters) waiter.loop->post([gone = waiter.gone] { gone->set(); });
  transfer->waiters.clear();
}

std::optional<std::uint64_t> Transfers::position(const std::string& key) const {
  const auto running = find(key);
  return running ? std::optional(running->position.load(std::memory_order_relaxed)) : std::nullopt;
}

std::shared_ptr<Transfer> Transfers::find(const std::string& key) const {
  std::lock_guard lock(mutex_);
  const auto found = running_.find(key);
  return found == running_.end() ? nullptr : found->second;
}

std::shared_ptr<Transfer> Transfers::begin_or_find(const std::shared_ptr<Transfer>& fresh) {
  std::lock_guard lock(mutex_);
  const auto [entry, added] = running_.try_emplace(fresh->key, fresh);
  return added ? nullptr : entry->second;
}

// A loop outlives its waits: one that ran into its deadline takes its name off the list before it goes on.
rt::Task<bool> Transfers::wait_gone(std::shared_ptr<Transfer> transfer, std::int64_t wait_ms) {
  if (wait_ms <= 0) co_return false;
  auto gone = std::make_shared<rt::Event>();
  {
    std::lock_guard lock(mutex_);
    const auto found = running_.find(transfer->key);
    if (found == running_.end() || found->second != transfer) co_return true;
    transfer->waiters.push_back({&rt::Loop::current(), gone});
    tell_to_stop(transfer);
  }
  rt::Timer timer([gone] { gone->set(); });
  timer.set(std::chrono::milliseconds(wait_ms));
  co_await gone->wait();
  std::lock_guard lock(mutex_);
  std::erase_if(transfer->waiters, [&](const Transfer::Waiter& waiter) { return waiter.gone == gone; });
  const auto found = running_.find(transfer->key);
  co_return found == running_.end() || found->second != transfer;
}

}  // namespace millrace::media
