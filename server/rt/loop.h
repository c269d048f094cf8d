// Loop: one libuv loop, one thread, one queue of coroutines that are ready to run. libuv callbacks only push into the
// queue (or set a flag); coroutines run from it between polls. Before the loop sleeps it runs its flush hooks, so a
// connection writes once for all that its coroutines produced in one turn.
//
// Everything is called on the loop's thread except post() and stop().
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>

#include "server/rt/task.h"

struct uv_loop_s;

namespace millrace::rt {

// Intrusive hook, run once before the loop next sleeps after it was asked for. Its owner keeps it alive.
class FlushHook {
 public:
  FlushHook() = default;
  FlushHook(const FlushHook&) = delete;
  FlushHook& operator=(const FlushHook&) = delete;

 protected:
  ~FlushHook();
  virtual void flush() = 0;

 private:
  friend class Loop;
  FlushHook* next_ = nullptr;
  class Loop* asked_ = nullptr;  // the loop whose list holds this hook
};

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The loop of the calling thread. Only inside run().
  static Loop& current();
  static bool on_a_loop();

  // Runs until stop(), then until every handle is closed and every spawned task has ended.
  void run();
  // Any thread. Lets run() return once nothing is left; closing what is open is its owners' business.
  void stop();

  // Queues a coroutine to resume in this turn or the next.
  void ready(std::coroutine_handle<> coroutine);
  // Any thread: queues a coroutine, or a function, to run on this loop.
  void post(std::coroutine_handle<> coroutine);
  void post(std::function<void()> function);

  // Starts a task that nobody awaits; run() does not return before it has ended.
  void spawn(Task<void> task);

  void ask_flush(FlushHook& hook);

  // Milliseconds on the monotonic clock, cached once a turn.
  std::int64_t now_ms() const;
  // Seconds since 1970, cached once a turn.
  std::int64_t unix_seconds() const;

  uv_loop_s* uv() const;

 private:
  friend class FlushHook;
  struct State;
  void drain();
  void forget(FlushHook& hook);
  std::unique_ptr<State> state_;
};

// Runs a task to its end on a loop of its own: for tools and tests.
void run_until_done(Task<void> task);

template <class T>
T run_until_done(Task<T> task) {
  std::optional<T> result;
  auto keep = [](Task<T> inner, std::optional<T>& slot) -> Task<void> { slot.emplace(co_await std::move(inner)); };
  run_until_done(keep(std::move(task), result));
  return std::move(*result);
}

}  // namespace millrace::rt
