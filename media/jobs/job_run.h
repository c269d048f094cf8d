// One running attempt of a job: what its handler holds on to, and how the queue stops it. On the queue's loop.
#pragma once

#include <cstdint>
#include <functional>

#include "media/jobs/jobs.h"
#include "server/rt/timer.h"
#include "store/store.h"

namespace millrace::media {

enum class StopReason : std::uint8_t { kNone, kCancel, kLease, kShutdown };

class Attempt final : public JobRun {
 public:
  explicit Attempt(store::Store& store) : store_(store), lease_([this] { stop(StopReason::kLease); }) {}

  // The lease is written: `job` as leased.
  void start(Job job, std::int64_t lease_ms);
  // The first reason counts.
  void stop(StopReason reason);
  StopReason reason() const noexcept { return reason_; }

  const Job& job() const noexcept override { return job_; }
  bool stopping() const noexcept override { return reason_ != StopReason::kNone; }
  void on_stop(std::function<void()> call) override;
  rt::Task<void> progress(std::uint32_t percent) override;

 private:
  store::Store& store_;
  Job job_;
  rt::Timer lease_;
  StopReason reason_ = StopReason::kNone;
  std::function<void()> on_stop_;
  std::int64_t written_at_ms_ = INT64_MIN / 2;
};

}  // namespace millrace::media
