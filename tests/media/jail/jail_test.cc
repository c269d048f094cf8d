#include "media/jail/jail.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "server/rt/loop.h"

namespace millrace::media {
namespace {

class JailTest : public ::testing::Test {
 protected:
  JailTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "jail-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    directory_ = root_ / "job";
    EXPECT_TRUE(jail_.make_directory(directory_).has_value());
    limits_.deadline_ms = 10'000;
  }
  ~JailTest() override { std::filesystem::remove_all(root_); }

  ProcessResult run(std::string script) { return run_program({"/usr/bin/sh", "-c", std::move(script)}); }
  ProcessResult run_program(std::vector<std::string> arguments) {
    ProcessStop stop;
    auto result = rt::run_until_done(jail_.run(directory_, std::move(arguments), limits_, stop));
    EXPECT_TRUE(result.has_value());
    if (result) EXPECT_FALSE(result->stderr_text.contains("bwrap:")) << result->stderr_text;
    return result.value_or(ProcessResult{});
  }

  Jail jail_;
  JailLimits limits_;
  std::filesystem::path root_;
  std::filesystem::path directory_;
};

TEST_F(JailTest, can_be_made_here) {
  const rt::Status status = rt::run_until_done(jail_.check());
  EXPECT_TRUE(status.has_value()) << (status ? "" : status.error().message);
}

TEST_F(JailTest, reads_and_writes_its_own_directory) {
  std::ofstream(directory_ / "input") << "hello";
  const ProcessResult result = run("cat input; echo made > output; pwd");
  EXPECT_EQ(result.stdout_text, "hello/job\n");
  EXPECT_TRUE(std::filesystem::exists(directory_ / "output"));
}

TEST_F(JailTest, sees_nothing_else_of_the_host) {
  std::ofstream(root_ / "secret") << "other tenant's";
  const ProcessResult result =
      run("cat ../secret " + (root_ / "secret").string() + " /etc/shadow /etc/passwd 2>&1; ls /home /root /var 2>&1");
  EXPECT_EQ(result.stdout_text.find("other tenant's"), std::string::npos);
  EXPECT_EQ(result.stdout_text.find("root:"), std::string::npos);
}

TEST_F(JailTest, cannot_write_the_system) {
  EXPECT_NE(run("touch /usr/bin/intruder").exit_status, 0);
  EXPECT_FALSE(std::filesystem::exists("/usr/bin/intruder"));
}

TEST_F(JailTest, has_no_network) {
  const ProcessResult result = run("cat /proc/net/dev | tail -n +3 | grep -v lo: ; cat /proc/net/route | tail -n +2");
  EXPECT_EQ(result.stdout_text, "");
}

TEST_F(JailTest, sees_no_other_process) {
  const ProcessResult result = run("ls -d /proc/[0-9]* | wc -l");
  EXPECT_LT(std::atoi(result.stdout_text.c_str()), 8) << result.stdout_text;
}

TEST_F(JailTest, inherits_no_descriptor) {
  const ProcessResult result = run("ls /proc/self/fd | wc -l");
  // Three standard ones and the directory that ls reads.
  EXPECT_LE(std::atoi(result.stdout_text.c_str()), 4) << result.stdout_text;
}

// escape.cc has the list; it says what worked.
TEST_F(JailTest, lets_nothing_out_that_tries) {
  std::ofstream(root_ / "secret") << "other tenant's";
  std::filesystem::copy_file(MILLRACE_JAIL_ESCAPE, directory_ / "escape");
  std::filesystem::permissions(directory_ / "escape", std::filesystem::perms(0755));
  const ProcessResult result = run_program({"/job/escape", (root_ / "secret").string()});
  EXPECT_EQ(result.stdout_text, "tried\n") << result.stderr_text;
}

// A kernel that does not group processes by session has no such file, and nice alone is enough there.
TEST_F(JailTest, stands_back_as_a_process_and_as_a_session) {
  Jail polite(true, {.nice = 7, .cgroup = {}});
  ProcessStop stop;
  std::vector<std::string> look = {"/usr/bin/sh", "-c", "nice; cat /proc/self/autogroup 2>/dev/null || echo nice 7"};
  auto result = rt::run_until_done(polite.run(directory_, std::move(look), limits_, stop));
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->stdout_text.starts_with("7\n")) << result->stdout_text;
  EXPECT_TRUE(result->stdout_text.ends_with("nice 7\n")) << result->stdout_text;
}

// Moving a process is a write of its number to a file that the kernel makes; here a plain one stands for it.
TEST_F(JailTest, moves_tools_into_the_cgroup_there_is) {
  const auto group = root_ / "group";
  std::filesystem::create_directory(group);
  Jail grouped(true, {.nice = 0, .cgroup = group});
  ProcessStop stop;
  auto result = rt::run_until_done(grouped.run(directory_, {"/usr/bin/true"}, limits_, stop));
  ASSERT_TRUE(result.has_value() && result->succeeded());
  long moved = 0;
  std::ifstream(group / "cgroup.procs") >> moved;
  EXPECT_GT(moved, 1);
  EXPECT_NE(moved, ::getpid());
}

TEST_F(JailTest, runs_without_a_cgroup_that_is_not_there) {
  Jail grouped(true, {.nice = 0, .cgroup = root_ / "nowhere"});
  ProcessStop stop;
  auto result = rt::run_until_done(grouped.run(directory_, {"/usr/bin/true"}, limits_, stop));
  EXPECT_TRUE(result.has_value() && result->succeeded());
}

TEST_F(JailTest, bounds_memory) {
  limits_.memory_bytes = 256ull << 20;
  EXPECT_NE(run("head -c 1000000000 /dev/zero | tail | wc -c").stdout_text, "1000000000\n");
}

TEST_F(JailTest, bounds_the_size_of_files) {
  limits_.file_bytes = 1 << 20;
  run("head -c 10000000 /dev/zero > big");
  EXPECT_LE(std::filesystem::file_size(directory_ / "big"), 1u << 20);
}

TEST_F(JailTest, bounds_processor_time) {
  limits_.cpu_seconds = 1;
  const ProcessResult result = run("while :; do :; done");
  EXPECT_FALSE(result.succeeded());
  EXPECT_FALSE(result.timed_out);
}

TEST_F(JailTest, survives_a_fork_bomb) {
  limits_.deadline_ms = 1'000;
  const ProcessResult result = run("f() { f | f & }; f 2>/dev/null; sleep 60");
  EXPECT_FALSE(result.succeeded());
}

}  // namespace
}  // namespace millrace::media
