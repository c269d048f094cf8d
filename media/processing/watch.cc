#include "media/processing/watch.h"

#include <chrono>

#include "server/rt/timer.h"

namespace millrace::media {
namespace {

constexpr std::chrono::seconds kLookEvery{1};

}  // namespace

rt::Task<void> Watch::end() {
  ended_ = true;
  woken_.set();
  co_await scope_.join();
}

rt::Task<void> Watch::look() {
  rt::Timer timer([this] { woken_.set(); });
  for (;;) {
    timer.set(kLookEvery);
    co_await woken_.wait();
    if (ended_ || job_.stopping()) co_return;
    const bool wanted = co_await is_wanted_();
    if (wanted) continue;
    auto cancelled = co_await jobs_.cancel(job_.job().id);
    if (cancelled) co_return;
  }
}

}  // namespace millrace::media
