#include "media/jail/process.h"

#include <gtest/gtest.h>

#include "server/rt/event.h"
#include "server/rt/timer.h"

namespace millrace::media {
namespace {

ProcessResult run_shell(std::string script, std::function<void(ProcessOptions&)> adjust = {}) {
  ProcessOptions options;
  options.arguments = {"/bin/sh", "-c", std::move(script)};
  options.environment = {"PATH=/usr/bin:/bin"};
  if (adjust) adjust(options);
  ProcessStop stop;
  auto result = rt::run_until_done(run_process(std::move(options), stop));
  EXPECT_TRUE(result.has_value());
  return result.value_or(ProcessResult{});
}

TEST(Process, gives_back_what_it_said_and_how_it_ended) {
  const ProcessResult result = run_shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(result.stdout_text, "out\n");
  EXPECT_EQ(result.stderr_text, "err\n");
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_FALSE(result.succeeded());
}

TEST(Process, cannot_start_what_is_not_there) {
  ProcessOptions options;
  options.arguments = {"/nonexistent/program"};
  ProcessStop stop;
  auto result = rt::run_until_done(run_process(std::move(options), stop));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, rt::Code::kIo);
}

TEST(Process, is_killed_with_its_children_at_the_deadline) {
  const ProcessResult result = run_shell("sleep 60 & sleep 60", [](ProcessOptions& o) { o.deadline_ms = 50; });
  EXPECT_TRUE(result.timed_out);
  EXPECT_NE(result.signal, 0);
}

TEST(Process, does_not_wait_for_children_it_left_behind) {
  const ProcessResult result = run_shell("sleep 60 & exit 0");
  EXPECT_EQ(result.exit_status, 0);
}

TEST(Process, that_says_too_much_is_killed) {
  const ProcessResult result = run_shell("yes", [](ProcessOptions& o) { o.stdout_max_bytes = 1000; });
  EXPECT_TRUE(result.output_truncated);
  EXPECT_EQ(result.stdout_text.size(), 1000u);
}

TEST(Process, loses_errors_beyond_the_limit_but_goes_on) {
  const ProcessResult result =
      run_shell("head -c 5000 /dev/zero >&2; echo done", [](ProcessOptions& o) { o.stderr_max_bytes = 100; });
  EXPECT_EQ(result.stderr_text.size(), 100u);
  EXPECT_EQ(result.stdout_text, "done\n");
  EXPECT_TRUE(result.succeeded());
}

TEST(Process, sees_no_environment_but_what_is_given) {
  const ProcessResult result = run_shell("/usr/bin/env", [](ProcessOptions& o) { o.environment = {"ONLY=this"}; });
  EXPECT_NE(result.stdout_text.find("ONLY=this"), std::string::npos);
  EXPECT_EQ(result.stdout_text.find("HOME="), std::string::npos);
}

rt::Task<rt::Result<ProcessResult>> run_and_stop(ProcessStop& stop) {
  ProcessOptions options;
  options.arguments = {"/bin/sleep", "60"};
  rt::Timer timer([&stop] { stop.ask(); });
  timer.set(std::chrono::milliseconds(20));
  co_return co_await run_process(std::move(options), stop);
}

TEST(Process, can_be_stopped_from_elsewhere) {
  ProcessStop stop;
  auto result = rt::run_until_done(run_and_stop(stop));
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->stopped);
}

}  // namespace
}  // namespace millrace::media
