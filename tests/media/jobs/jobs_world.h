// The queue on a fake store, with a kind of jobs whose attempts do as a test says.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "media/jobs/jobs.h"
#include "server/rt/event.h"
#include "server/rt/timer.h"
#include "tests/media/world.h"

namespace millrace::media {

// A kind whose attempts are told what to do, and which remembers what happened.
struct Script {
  std::function<rt::Task<rt::Status>(JobRun&)> attempt = [](JobRun&) -> rt::Task<rt::Status> {
    co_return rt::Status{};
  };
  std::vector<std::string> ran;  // subjects
  std::vector<std::string> gave_up;
  int running = 0;
  int running_max = 0;
};

inline rt::Task<rt::Status> run_script(Script& script, JobRun& run) {
  script.ran.push_back(run.job().subject);
  script.running_max = std::max(script.running_max, ++script.running);
  auto status = co_await script.attempt(run);
  --script.running;
  co_return status;
}

inline rt::Task<rt::Status> script_gave_up(Script& script, std::string subject, std::string reason) {
  script.gave_up.push_back(subject + ": " + reason);
  co_return rt::Status{};
}

inline JobKind kind_of(Script& script) {
  JobKind kind;
  kind.run = [&script](JobRun& run) { return run_script(script, run); };
  kind.gave_up = [&script](const Job& job, const rt::Error& error) {
    return script_gave_up(script, job.subject, error.message);
  };
  kind.attempts_max = 3;
  kind.backoff_first_ms = 1000;
  return kind;
}

class JobsTest : public ::testing::Test {
 protected:
  JobsTest() { jobs.add_kind("work", kind_of(script)); }

  std::string submit_for(std::string tenant, std::string subject, Priority priority = Priority::kNormal,
                         std::int64_t delay_ms = 0) {
    return good(jobs.submit({.kind = "work",
                             .tenant = std::move(tenant),
                             .subject = std::move(subject),
                             .priority = priority,
                             .delay_ms = delay_ms}));
  }
  std::string submit(std::string subject, Priority priority = Priority::kNormal, std::int64_t delay_ms = 0) {
    return submit_for("t", std::move(subject), priority, delay_ms);
  }
  Job job(const std::string& id) { return good(jobs.get(id)); }

  // Runs the queue beside `steps`, and stops it when they are through.
  void run_queue(rt::Task<void> steps) {
    const auto body = [](Jobs& queue, rt::Task<void> what) -> rt::Task<void> {
      rt::Scope scope;
      const auto run = [](Jobs& runner) -> rt::Task<void> {
        auto status = co_await runner.run();
        EXPECT_TRUE(status.has_value());
      };
      scope.spawn(run(queue));
      co_await std::move(what);
      queue.stop();
      co_await scope.join();
    };
    rt::run_until_done(body(jobs, std::move(steps)));
  }
  rt::Task<void> until(std::string id, JobState state) {
    for (int tries = 0; tries < 5000; ++tries) {
      auto now = co_await jobs.get(id);
      if (now && now->state == state) co_return;
      co_await rt::sleep(std::chrono::milliseconds(1));
    }
    ADD_FAILURE() << "the job never became " << word(state);
  }
  void run_until(std::string id, JobState state) { run_queue(until(std::move(id), state)); }

  FakeStore store;
  Script script;
  Jobs jobs{store, test_clock};
};

inline rt::Task<rt::Status> until_stopped(JobRun& run) {
  rt::Event stopped;
  run.on_stop([&stopped] { stopped.set(); });
  co_await stopped.wait();
  co_return rt::fail(rt::Code::kCancelled, "stopped");
}

// Leaves the records as a process leaves them that was killed while the job ran.
inline void crash_while_running(FakeStore& store) {
  Script script;
  Jobs jobs(store, test_clock);
  script.attempt = [&](JobRun& run) -> rt::Task<rt::Status> {
    auto status = co_await until_stopped(run);
    store.fail_commits(rt::Error{rt::Code::kIo, "gone"});
    co_return status;
  };
  jobs.add_kind("work", kind_of(script));
  const auto steps = [&]() -> rt::Task<void> {
    rt::Scope scope;
    const auto run = [](Jobs& runner) -> rt::Task<void> { co_await runner.run(); };
    scope.spawn(run(jobs));
    while (script.ran.empty()) co_await rt::sleep(std::chrono::milliseconds(1));
    jobs.stop();
    co_await scope.join();
  };
  rt::run_until_done(steps());
  store.fail_commits(std::nullopt);
}

}  // namespace millrace::media
