#include "server/rt/loop.h"

#include <uv.h>

#include <ctime>
#include <mutex>
#include <vector>

namespace millrace::rt {
namespace {

thread_local Loop* current_loop = nullptr;

// A detached coroutine: starts at once, owns itself, counts itself out at its end.
struct Detached {
  struct promise_type {
    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) { free_frame(frame, bytes); }
    Detached get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::abort(); }
  };
  std::coroutine_handle<promise_type> handle;
};

// How long coroutines run before the loop polls for I/O again, so that busy ones cannot starve the rest.
constexpr std::uint64_t kTurnNanoseconds = 3'000'000;
// Resumes between two looks at the clock.
constexpr std::size_t kResumesPerLook = 8;

}  // namespace

struct Loop::State {
  uv_loop_t uv;
  uv_async_t wake;
  uv_prepare_t prepare;
  uv_check_t check;
  uv_idle_t idle;  // runs while coroutines are ready, so that the poll does not block

  std::vector<std::coroutine_handle<>> ready;
  std::vector<std::coroutine_handle<>> running;
  FlushHook* hooks = nullptr;

  std::mutex mutex;
  std::vector<std::function<void()>> posted;               // guarded by mutex
  std::vector<std::coroutine_handle<>> posted_coroutines;  // guarded by mutex
  bool stopping = false;                                   // guarded by mutex

  std::int64_t tasks = 0;
  std::int64_t unix_seconds = 0;
  bool handles_closed = false;

  // Resumes what is ready now. False when the turn ends with that; who was not reached then goes first in the next.
  bool resume_ready(std::uint64_t turn_end_ns) {
    running.swap(ready);
    std::size_t resumed = 0;
    while (resumed < running.size()) {
      running[resumed++].resume();
      if (resumed % kResumesPerLook == 0 && uv_hrtime() >= turn_end_ns) break;
    }
    ready.insert(ready.begin(), running.begin() + static_cast<std::ptrdiff_t>(resumed), running.end());
    running.clear();
    return uv_hrtime() < turn_end_ns;
  }

  void close_handles() {
    if (std::exchange(handles_closed, true)) return;
    for (uv_handle_t* handle : {reinterpret_cast<uv_handle_t*>(&wake), reinterpret_cast<uv_handle_t*>(&prepare),
                                reinterpret_cast<uv_handle_t*>(&check), reinterpret_cast<uv_handle_t*>(&idle)}) {
      uv_close(handle, nullptr);
    }
  }
};

FlushHook::~FlushHook() {
  if (asked_) asked_->forget(*this);
}

Loop::Loop() : state_(std::make_unique<State>()) {
  State& s = *state_;
  uv_loop_init(&s.uv);
  s.uv.data = this;
  uv_async_init(&s.uv, &s.wake, [](uv_async_t*) {});
  uv_prepare_init(&s.uv, &s.prepare);
  uv_check_init(&s.uv, &s.check);
  uv_idle_init(&s.uv, &s.idle);
  uv_prepare_start(&s.prepare, [](uv_prepare_t* handle) { static_cast<Loop*>(handle->loop->data)->drain(); });
  uv_check_start(&s.check, [](uv_check_t* handle) { static_cast<Loop*>(handle->loop->data)->drain(); });
  s.unix_seconds = std::time(nullptr);
}

Loop::~Loop() {
  state_->close_handles();
  uv_run(&state_->uv, UV_RUN_NOWAIT);
  uv_loop_close(&state_->uv);
}

Loop& Loop::current() { return *current_loop; }

bool Loop::on_a_loop() { return current_loop != nullptr; }

void Loop::run() {
  Loop* outer = std::exchange(current_loop, this);
  drain();
  uv_run(&state_->uv, UV_RUN_DEFAULT);
  current_loop = outer;
}

void Loop::stop() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  uv_async_send(&state_->wake);
}

void Loop::ready(std::coroutine_handle<> coroutine) { state_->ready.push_back(coroutine); }

void Loop::post(std::coroutine_handle<> coroutine) {
  // Sent under the lock: once run() sees the stop flag under it, the wake handle may close.
  std::lock_guard lock(state_->mutex);
  state_->posted_coroutines.push_back(coroutine);
  uv_async_send(&state_->wake);
}

void Loop::post(std::function<void()> function) {
  std::lock_guard lock(state_->mutex);
  state_->posted.push_back(std::move(function));
  uv_async_send(&state_->wake);
}

void Loop::spawn(Task<void> task) {
  ++state_->tasks;
  auto body = [](Task<void> inner, std::int64_t& tasks) -> Detached {
    co_await std::move(inner);
    --tasks;
  };
  ready(body(std::move(task), state_->tasks).handle);
}

void Loop::ask_flush(FlushHook& hook) {
  if (hook.asked_) return;
  hook.asked_ = this;
  hook.next_ = state_->hooks;
  state_->hooks = &hook;
}

void Loop::forget(FlushHook& hook) {
  for (FlushHook** link = &state_->hooks; *link; link = &(*link)->next_) {
    if (*link == &hook) {
      *link = hook.next_;
      return;
    }
  }
}

void Loop::drain() {
  State& s = *state_;
  s.unix_seconds = std::time(nullptr);
  bool stopping = false;
  const std::uint64_t turn_end_ns = uv_hrtime() + kTurnNanoseconds;
  for (;;) {
    std::vector<std::function<void()>> posted;
    {
      std::lock_guard lock(s.mutex);
      posted.swap(s.posted);
      s.ready.insert(s.ready.end(), s.posted_coroutines.begin(), s.posted_coroutines.end());
      s.posted_coroutines.clear();
      stopping = s.stopping;
    }
    for (auto& function : posted) function();
    const bool has_time = s.resume_ready(turn_end_ns);
    if (!s.ready.empty() && has_time) continue;
    while (FlushHook* hook = s.hooks) {
      s.hooks = hook->next_;
      hook->asked_ = nullptr;
      hook->flush();
    }
    if (s.ready.empty() || !has_time) break;
  }
  if (!s.ready.empty()) {
    uv_idle_start(&s.idle, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&s.idle);
    if (stopping && s.tasks == 0) s.close_handles();
  }
}

std::int64_t Loop::now_ms() const { return static_cast<std::int64_t>(uv_now(&state_->uv)); }

std::int64_t Loop::unix_seconds() const { return state_->unix_seconds; }

uv_loop_s* Loop::uv() const { return &state_->uv; }

void run_until_done(Task<void> task) {
  Loop loop;
  auto then_stop = [](Task<void> inner, Loop& owner) -> Task<void> {
    co_await std::move(inner);
    owner.stop();
  };
  loop.spawn(then_stop(std::move(task), loop));
  loop.run();
}

}  // namespace millrace::rt
