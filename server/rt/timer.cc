#include "server/rt/timer.h"

#include <uv.h>

#include "server/rt/event.h"

namespace millrace::rt {

struct Timer::State {
  uv_timer_t timer;
  std::function<void()> on_fire;
};

Timer::Timer(std::function<void()> on_fire) : state_(new State{{}, std::move(on_fire)}) {
  uv_timer_init(Loop::current().uv(), &state_->timer);
  state_->timer.data = state_;
}

Timer::~Timer() {
  state_->on_fire = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->timer),
           [](uv_handle_t* handle) { delete static_cast<State*>(handle->data); });
}

void Timer::set(std::chrono::milliseconds delay) {
  const auto fire = [](uv_timer_t* timer) {
    // Moved out, because firing may destroy the Timer.
    auto& state = *static_cast<State*>(timer->data);
    auto on_fire = state.on_fire;
    if (on_fire) on_fire();
  };
  uv_timer_start(&state_->timer, fire, static_cast<std::uint64_t>(delay.count()), 0);
}

void Timer::cancel() { uv_timer_stop(&state_->timer); }

Task<void> sleep(std::chrono::milliseconds delay) {
  Event fired;
  Timer timer([&fired] { fired.set(); });
  timer.set(delay);
  co_await fired.wait();
}

}  // namespace millrace::rt
