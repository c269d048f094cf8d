#include "media/jobs/job_run.h"

#include <algorithm>
#include <utility>

#include "media/jobs/job_records.h"
#include "media/records/codec.h"
#include "media/records/keys_jobs.h"
#include "server/rt/loop.h"

namespace millrace::media {
namespace {

constexpr std::int64_t kProgressWriteMs = 1'000;

}  // namespace

void Attempt::start(Job job, std::int64_t lease_ms) {
  job_ = std::move(job);
  lease_.set(std::chrono::milliseconds(lease_ms));
  if (job_.cancel_asked) stop(StopReason::kCancel);
}

void Attempt::stop(StopReason reason) {
  if (stopping()) return;
  reason_ = reason;
  if (auto call = std::exchange(on_stop_, {})) call();
}

void Attempt::on_stop(std::function<void()> call) {
  if (call && stopping()) return call();
  on_stop_ = std::move(call);
}

// Progress is worth one try, no more: the next one will be newer.
rt::Task<void> Attempt::progress(std::uint32_t percent) {
  percent = std::min(percent, 100u);
  const std::int64_t now_ms = rt::Loop::current().now_ms();
  if (percent <= job_.progress_percent || now_ms - written_at_ms_ < kProgressWriteMs) co_return;
  written_at_ms_ = now_ms;
  auto record = co_await store_.get(keys::job(job_.id));
  if (!record || !*record) co_return;
  auto before = decode_job(**record);
  if (!before || before->state != JobState::kRunning) co_return;
  Job after = *before;
  after.progress_percent = job_.progress_percent = percent;
  store::Transaction transaction;
  put_changed_job(transaction, *before, after);
  co_await store_.commit(std::move(transaction));
}

}  // namespace millrace::media
