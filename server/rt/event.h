// Things a coroutine waits for on its own loop. Wakers push the waiter into the loop's ready queue; it resumes later,
// never inside the call that woke it.
#pragma once

#include <cassert>
#include <coroutine>
#include <deque>
#include <memory>

#include "server/rt/loop.h"

namespace millrace::rt {

// Goes on after everyone who is ready now; between such turns the loop polls for I/O. For work that is long but never
// waits.
inline auto yield() noexcept {
  struct Awaiter {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const { Loop::current().ready(waiter); }
    void await_resume() const noexcept {}
  };
  return Awaiter{};
}

// A flag with one waiter. set() is remembered until a wait consumes it.
class Event {
 public:
  void set() {
    if (set_) return;
    set_ = true;
    if (waiter_) Loop::current().ready(std::exchange(waiter_, {}));
  }
  bool is_set() const noexcept { return set_; }

  auto wait() noexcept {
    struct Awaiter {
      Event& event;
      bool await_ready() const noexcept { return event.set_; }
      void await_suspend(std::coroutine_handle<> waiter) noexcept {
        assert(!event.waiter_ && "an Event has one waiter");
        event.waiter_ = waiter;
      }
      void await_resume() noexcept { event.set_ = false; }
    };
    return Awaiter{*this};
  }

 private:
  std::coroutine_handle<> waiter_;
  bool set_ = false;
};

// A counter of permits with a first-come first-served queue.
class Semaphore {
 public:
  explicit Semaphore(std::size_t permits) : permits_(permits) {}

  auto acquire() noexcept {
    struct Awaiter {
      Semaphore& semaphore;
      bool await_ready() const noexcept {
        if (semaphore.permits_ == 0) return false;
        --semaphore.permits_;
        return true;
      }
      void await_suspend(std::coroutine_handle<> waiter) { semaphore.waiters_.push_back(waiter); }
      void await_resume() noexcept {}
    };
    return Awaiter{*this};
  }
  // Hands the permit to the first waiter, if there is one.
  void release() {
    if (waiters_.empty()) {
      ++permits_;
      return;
    }
    Loop::current().ready(waiters_.front());
    waiters_.pop_front();
  }

 private:
  std::size_t permits_;
  std::deque<std::coroutine_handle<>> waiters_;
};

// Structured lifetime: tasks spawned here are awaited by join() before what they use goes away.
class Scope {
 public:
  ~Scope() { assert(running_ == 0 && "join() a Scope before it goes"); }
  void spawn(Task<void> task) {
    ++running_;
    auto body = [](Task<void> inner, Scope& scope) -> Task<void> {
      co_await std::move(inner);
      if (--scope.running_ == 0) scope.done_.set();
    };
    Loop::current().spawn(body(std::move(task), *this));
  }
  std::size_t running() const noexcept { return running_; }
  Task<void> join() {
    while (running_ > 0) co_await done_.wait();
  }

 private:
  std::size_t running_ = 0;
  Event done_;
};

}  // namespace millrace::rt
