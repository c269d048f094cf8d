// Latch: something that happens once, set on any thread, awaited by coroutines of any loop (each resumes on its own) or
// by threads.
// Whoever sets it keeps it alive until set() returns.
#pragma once

#include <atomic>
#include <coroutine>
#include <mutex>
#include <utility>
#include <vector>

#include "server/rt/loop.h"

namespace millrace::store {

class Latch {
 public:
  void set() {
    std::vector<Waiter> waiters;
    {
      std::lock_guard lock(mutex_);
      set_.store(true, std::memory_order_release);
      waiters.swap(waiters_);
    }
    set_.notify_all();
    for (const Waiter& waiter : waiters) waiter.loop->post(waiter.coroutine);
  }

  bool is_set() const noexcept { return set_.load(std::memory_order_acquire); }

  // For threads that are no loop.
  void block_until_set() const noexcept { set_.wait(false, std::memory_order_acquire); }

  auto wait() noexcept {
    struct Awaiter {
      Latch& latch;
      bool await_ready() const noexcept { return latch.is_set(); }
      bool await_suspend(std::coroutine_handle<> coroutine) { return latch.enqueue(coroutine); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

 private:
  struct Waiter {
    rt::Loop* loop;
    std::coroutine_handle<> coroutine;
  };

  bool enqueue(std::coroutine_handle<> coroutine) {
    std::lock_guard lock(mutex_);
    if (is_set()) return false;
    waiters_.push_back({&rt::Loop::current(), coroutine});
    return true;
  }

  std::atomic<bool> set_{false};
  std::mutex mutex_;
  std::vector<Waiter> waiters_;  // guarded by mutex_
};

}  // namespace millrace::store
