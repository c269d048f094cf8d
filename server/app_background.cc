#include "server/app_background.h"

#include <fmt/format.h>

#include "handlers/once.h"
#include "media/records/clock.h"

namespace millrace {
namespace {

constexpr std::int64_t kEndedJobsKeptMs = 7LL * 24 * 3600 * 1000;

template <class T>
void report(ops::Log& log, std::string_view what, const rt::Result<T>& result) {
  if (!result) log.write(ops::Level::kError, what, {{"error", result.error().message}});
}

}  // namespace

rt::Task<void> Background::run() {
  rt::Scope scope;
  scope.spawn(check_jail());
  scope.spawn(run_jobs());
  scope.spawn(events_.run());
  scope.spawn(sweep_until_stopped());
  co_await scope.join();
}

void Background::stop() {
  stopping_ = true;
  wake_.set();
  domain_.jobs.stop();
  events_.stop();
}

// So that the operator hears of it before the first file does.
rt::Task<void> Background::check_jail() {
  if (!jail_.enabled()) co_return;
  const auto usable = co_await jail_.check();
  report(log_, "this host does not allow the jail for media tools: probes will fail", usable);
}

rt::Task<void> Background::run_jobs() {
  const auto ended = co_await domain_.jobs.run();
  report(log_, "the job queue ended", ended);
}

rt::Task<void> Background::sweep_until_stopped() {
  rt::Timer timer([this] { wake_.set(); });
  while (!stopping_) {
    co_await sweep();
    timer.set(sweep_every_);
    co_await wake_.wait();
  }
}

rt::Task<void> Background::sweep() {
  const std::int64_t now_ms = media::system_clock_ms();
  const auto expired = co_await domain_.uploads.sweep();
  report(log_, "expiring idle uploads failed", expired);
  if (expired && *expired > 0) log_.write(ops::Level::kInfo, fmt::format("{} idle uploads expired", *expired));
  const auto aborted = co_await domain_.multiparts.sweep();
  report(log_, "expiring idle multipart uploads failed", aborted);
  if (aborted && *aborted > 0)
    log_.write(ops::Level::kInfo, fmt::format("{} idle multipart uploads expired", *aborted));
  const auto downloads = co_await domain_.downloads.sweep();
  report(log_, "expiring downloads failed", downloads);
  const auto jobs = co_await domain_.jobs.forget_ended_before(now_ms - kEndedJobsKeptMs);
  report(log_, "forgetting old jobs failed", jobs);
  const auto answers = co_await handlers::forget_old_answers(domain_.store, now_ms);
  report(log_, "forgetting old idempotent answers failed", answers);
  co_await events_.sweep();
}

}  // namespace millrace
