// Timer: one deadline, on the loop that made it. A Timer set again moves; cancelled or destroyed, it does not fire.
// sleep() suspends a coroutine; use a Timer that sets an Event where the wait must be cut short.
#pragma once

#include <chrono>
#include <functional>

#include "server/rt/task.h"

namespace millrace::rt {

class Timer {
 public:
  explicit Timer(std::function<void()> on_fire);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(std::chrono::milliseconds delay);
  void cancel();

 private:
  struct State;
  State* state_;  // freed by libuv's close callback
};

Task<void> sleep(std::chrono::milliseconds delay);

}  // namespace millrace::rt
