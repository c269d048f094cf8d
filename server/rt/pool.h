// Pool: a few threads for work that may block (disk, DNS, long CPU work). A coroutine hands over a function, the
// result comes back on the coroutine's own loop. A round trip costs 30-50 us, so hand over 256 KiB or more at a time.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include "server/rt/loop.h"

namespace millrace::rt {

class Pool {
 public:
  explicit Pool(std::size_t threads);
  // Runs what is queued, then ends the threads.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // co_await pool.run(f): f() on a pool thread; its value back here. `f` must not return void.
  template <class F>
  auto run(F function) {
    using T = std::invoke_result_t<F>;
    struct Awaiter final : Job {
      Awaiter(Pool& p, F f) : pool(p), work(std::move(f)) {}
      Pool& pool;
      F work;
      std::optional<T> result;
      Loop* loop = nullptr;
      std::coroutine_handle<> waiter;

      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> coroutine) {
        loop = &Loop::current();
        waiter = coroutine;
        pool.push(this);
      }
      T await_resume() { return std::move(*result); }
      void execute() override {
        result.emplace(work());
        loop->post(waiter);
      }
    };
    return Awaiter(*this, std::move(function));
  }

 private:
  struct Job {
    Job* next = nullptr;
    virtual void execute() = 0;

   protected:
    ~Job() = default;
  };
  void push(Job* job);
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  Job* first_ = nullptr;   // guarded by mutex_
  Job* last_ = nullptr;    // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace millrace::rt
