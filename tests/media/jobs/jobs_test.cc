#include "media/jobs/jobs.h"

#include <thread>

#include "tests/media/jobs/jobs_world.h"

namespace millrace::media {
namespace {

using rt::Code;

TEST_F(JobsTest, runs_what_is_queued) {
  const std::string id = submit("a");
  EXPECT_EQ(job(id).state, JobState::kQueued);
  run_until(id, JobState::kDone);
  EXPECT_EQ(job(id).progress_percent, 100u);
  EXPECT_EQ(job(id).attempt, 1u);
  EXPECT_EQ(store.records("m/job.turn/"), 0u);
  EXPECT_EQ(store.records("m/job.running/"), 0u);
  EXPECT_EQ(store.records("m/job.ended/"), 1u);
}

TEST_F(JobsTest, job_in_a_transaction_is_there_or_not_with_the_rest) {
  store::Transaction transaction;
  const std::string id = jobs.add_to(transaction, {.kind = "work", .tenant = "t", .subject = "a"});
  transaction.require("never there", 1);
  EXPECT_EQ(bad(store.commit(std::move(transaction))).code, Code::kConflict);
  EXPECT_EQ(bad(jobs.get(id)).code, Code::kNotFound);
}

TEST_F(JobsTest, higher_priority_goes_first) {
  test_now_ms += 10;
  submit("low", Priority::kLow);
  submit("normal");
  const std::string later = submit("later", Priority::kHigh, 60'000);
  submit("high", Priority::kHigh);
  const auto steps = [&]() -> rt::Task<void> {
    while (script.ran.size() < 3) co_await rt::sleep(std::chrono::milliseconds(1));
  };
  run_queue(steps());
  EXPECT_EQ(script.ran, (std::vector<std::string>{"high", "normal", "low"}));
  EXPECT_EQ(job(later).state, JobState::kQueued) << "not due yet";
}

TEST_F(JobsTest, concurrency_is_bounded) {
  Script wide;
  wide.attempt = [](JobRun&) -> rt::Task<rt::Status> {
    co_await rt::sleep(std::chrono::milliseconds(1));
    co_return rt::Status{};
  };
  JobKind kind = kind_of(wide);
  kind.concurrency = 3;
  jobs.add_kind("wide", std::move(kind));
  for (int i = 0; i < 10; ++i) good(jobs.submit({.kind = "wide", .tenant = "t", .subject = std::to_string(i)}));
  const auto steps = [&]() -> rt::Task<void> {
    while (wide.ran.size() < 10) co_await rt::sleep(std::chrono::milliseconds(1));
  };
  run_queue(steps());
  EXPECT_EQ(wide.running_max, 3);
}

TEST_F(JobsTest, failed_attempts_are_repeated_with_growing_delay) {
  script.attempt = [](JobRun&) -> rt::Task<rt::Status> { co_return rt::fail(Code::kIo, "flaky"); };
  const std::string id = submit("a");
  const auto steps = [&]() -> rt::Task<void> {
    std::int64_t delay_ms = 1000;
    for (std::size_t attempts = 1; attempts < 3; ++attempts) {
      Job waiting;
      do {
        co_await rt::sleep(std::chrono::milliseconds(1));
        auto read = co_await jobs.get(id);
        waiting = *read;
      } while (waiting.attempt < attempts || waiting.state != JobState::kQueued);
      EXPECT_EQ(waiting.error, "flaky");
      EXPECT_EQ(waiting.due_ms, test_now_ms + delay_ms);
      test_now_ms += delay_ms;
      delay_ms *= 2;
      jobs.wake();
    }
    co_await until(id, JobState::kFailed);
  };
  run_queue(steps());
  EXPECT_EQ(script.ran.size(), 3u);
  EXPECT_EQ(script.gave_up, (std::vector<std::string>{"a: flaky"}));
}

TEST_F(JobsTest, final_errors_are_not_repeated) {
  script.attempt = [](JobRun&) -> rt::Task<rt::Status> { co_return rt::fail(Code::kUnprocessable, "no media"); };
  const std::string id = submit("a");
  run_until(id, JobState::kFailed);
  EXPECT_EQ(script.ran.size(), 1u);
  EXPECT_EQ(script.gave_up, (std::vector<std::string>{"a: no media"}));
  EXPECT_EQ(job(id).error, "no media");
}

TEST_F(JobsTest, queued_job_is_cancelled_at_once) {
  const std::string id = submit("a");
  EXPECT_EQ(good(jobs.cancel(id)).state, JobState::kCancelled);
  EXPECT_EQ(good(jobs.cancel(id)).state, JobState::kCancelled);
  EXPECT_EQ(script.gave_up.size(), 1u);
  const std::string next = submit("b");
  run_until(next, JobState::kDone);
  EXPECT_EQ(script.ran, (std::vector<std::string>{"b"}));
}

TEST_F(JobsTest, running_job_is_told_to_stop_and_ends_cancelled) {
  script.attempt = until_stopped;
  const std::string id = submit("a");
  const auto steps = [&]() -> rt::Task<void> {
    co_await until(id, JobState::kRunning);
    auto asked = co_await jobs.cancel(id);
    EXPECT_TRUE(asked->cancel_asked);
    co_await until(id, JobState::kCancelled);
  };
  run_queue(steps());
  EXPECT_EQ(script.gave_up.size(), 1u);
}

TEST_F(JobsTest, lease_that_ran_out_stops_the_attempt_and_counts) {
  Script stuck;
  stuck.attempt = until_stopped;
  JobKind kind = kind_of(stuck);
  kind.lease_ms = 1;
  kind.attempts_max = 1;
  jobs.add_kind("stuck", std::move(kind));
  const std::string id = good(jobs.submit({.kind = "stuck", .tenant = "t", .subject = "a"}));
  run_until(id, JobState::kFailed);
  EXPECT_NE(job(id).error.find("too long"), std::string::npos);
}

TEST_F(JobsTest, stop_puts_running_jobs_back_uncounted) {
  script.attempt = until_stopped;
  const std::string id = submit("a");
  run_until(id, JobState::kRunning);
  EXPECT_EQ(job(id).state, JobState::kQueued);
  EXPECT_EQ(job(id).attempt, 0u);
  EXPECT_TRUE(script.gave_up.empty());
  Jobs next(store, test_clock);
  Script again;
  next.add_kind("work", kind_of(again));
  const auto steps = [&]() -> rt::Task<void> {
    rt::Scope scope;
    const auto run = [](Jobs& runner) -> rt::Task<void> {
      auto status = co_await runner.run();
      EXPECT_TRUE(status.has_value());
    };
    scope.spawn(run(next));
    co_await until(id, JobState::kDone);
    next.stop();
    co_await scope.join();
  };
  rt::run_until_done(steps());
  EXPECT_EQ(again.ran.size(), 1u);
}

TEST_F(JobsTest, restart_goes_on_with_what_a_crash_left_running) {
  const std::string id = submit("a");
  crash_while_running(store);
  EXPECT_EQ(job(id).state, JobState::kRunning);
  run_until(id, JobState::kDone);
  EXPECT_EQ(job(id).attempt, 2u) << "the crash counts";
}

TEST_F(JobsTest, restart_on_a_full_disk_goes_on_once_there_is_space) {
  const std::string id = submit("a");
  crash_while_running(store);
  store.fail_commits(rt::Error{Code::kFull, "no space"});
  const auto steps = [&]() -> rt::Task<void> {
    co_await rt::sleep(std::chrono::milliseconds(5));
    store.fail_commits(std::nullopt);
    co_await until(id, JobState::kDone);
  };
  run_queue(steps());
}

TEST_F(JobsTest, record_that_does_not_decode_keeps_no_other_waiting) {
  const std::string broken = submit("broken");
  store::Transaction damage;
  damage.put("m/job/" + broken, "\xff\xff");
  good(store.commit(std::move(damage)));
  test_now_ms += 10;
  run_until(submit("a"), JobState::kDone);
}

TEST_F(JobsTest, job_that_crashes_the_server_every_time_is_given_up) {
  const std::string id = submit("a");
  for (int crash = 0; crash < 3; ++crash) crash_while_running(store);
  run_until(id, JobState::kFailed);
  EXPECT_TRUE(script.ran.empty());
  EXPECT_EQ(script.gave_up.size(), 1u);
}

TEST_F(JobsTest, end_that_cannot_be_written_is_written_later) {
  script.attempt = [&](JobRun&) -> rt::Task<rt::Status> {
    store.fail_commits(rt::Error{Code::kFull, "no space"});
    co_return rt::Status{};
  };
  const std::string id = submit("a");
  const auto steps = [&]() -> rt::Task<void> {
    while (script.ran.empty()) co_await rt::sleep(std::chrono::milliseconds(1));
    co_await rt::sleep(std::chrono::milliseconds(5));
    store.fail_commits(std::nullopt);
    co_await until(id, JobState::kDone);
  };
  run_queue(steps());
  EXPECT_EQ(script.ran.size(), 1u);
}

TEST_F(JobsTest, progress_is_seen) {
  rt::Event told;
  script.attempt = [&](JobRun& run) -> rt::Task<rt::Status> {
    co_await run.progress(40);
    told.set();
    co_return co_await until_stopped(run);
  };
  const std::string id = submit("a");
  const auto steps = [&]() -> rt::Task<void> {
    co_await told.wait();
    auto now = co_await jobs.get(id);
    EXPECT_EQ(now->progress_percent, 40u);
  };
  run_queue(steps());
}

TEST_F(JobsTest, work_from_another_thread_wakes_the_queue) {
  std::string id;
  std::thread other;
  const auto steps = [&]() -> rt::Task<void> {
    co_await rt::sleep(std::chrono::milliseconds(2));
    rt::Event submitted;
    rt::Loop& loop = rt::Loop::current();
    other = std::thread([&] {
      id = submit("a");
      loop.post([&submitted] { submitted.set(); });
    });
    co_await submitted.wait();
    co_await until(id, JobState::kDone);
  };
  run_queue(steps());
  other.join();
}

TEST_F(JobsTest, ended_jobs_are_forgotten) {
  const std::string old = submit("a");
  run_until(old, JobState::kDone);
  test_now_ms += 1000;
  Jobs again(store, test_clock);
  EXPECT_EQ(good(again.forget_ended_before(test_now_ms)), 1u);
  EXPECT_EQ(store.records("m/job"), 0u);
}

}  // namespace
}  // namespace millrace::media
