#include "media/jobs/job_recovery.h"

#include "media/jobs/job_records.h"
#include "media/records/keys_jobs.h"
#include "tests/media/jobs/jobs_world.h"

namespace millrace::media {
namespace {

using rt::Code;

class JobRecoveryTest : public JobsTest {
 protected:
  // A job as a server queued it before tenants took turns.
  std::string submit_without_turn(const std::string& subject) {
    const std::string id = submit(subject);
    const Job queued = job(id);
    store::Transaction transaction;
    transaction.erase(index_key(queued));
    transaction.put(entry_without_turn(queued), {});
    good(store.commit(std::move(transaction)));
    return id;
  }
  static std::string entry_without_turn(const Job& job) {
    return keys::jobs_without_turns() + job.kind + "/1/" + keys::ordered(job.due_ms) + "/" + job.id;
  }
  // The second when it can be read again.
  void must_run_first_and_then(const std::string& whole, const std::string& broken) {
    const auto steps = [&]() -> rt::Task<void> {
      co_await until(whole, JobState::kDone);
      store.fail_reads_of(keys::job(broken), std::nullopt);
      jobs.wake();
      co_await until(broken, JobState::kDone);
    };
    run_queue(steps());
  }
  bool go_on(JobRecovery& recovery) { return rt::run_until_done(recovery.go_on()); }
};

TEST_F(JobRecoveryTest, what_an_older_server_queued_is_run) {
  const std::string id = submit_without_turn("a");
  const std::string next = submit("b");
  const auto steps = [&]() -> rt::Task<void> {
    co_await until(id, JobState::kDone);
    co_await until(next, JobState::kDone);
  };
  run_queue(steps());
  EXPECT_EQ(script.ran.size(), 2u);
  EXPECT_EQ(store.records("m/job.queue/"), 0u);
}

TEST_F(JobRecoveryTest, giving_turns_survives_a_crash_in_the_middle) {
  constexpr std::size_t kJobs = 600;
  for (std::size_t i = 0; i < kJobs; ++i) submit_without_turn(std::to_string(i));
  store.before_commit([&] { store.before_commit([&] { store.fail_commits(rt::Error{Code::kIo, "gone"}); }); });
  JobRecovery first(store, test_clock);
  EXPECT_FALSE(go_on(first));
  const std::size_t left = store.records("m/job.queue/");
  EXPECT_GT(left, 0u);
  EXPECT_LT(left, kJobs) << "a batch at a time";
  EXPECT_EQ(left + store.records("m/job.turn/"), kJobs);
  store.fail_commits(std::nullopt);
  JobRecovery second(store, test_clock);
  EXPECT_TRUE(go_on(second));
  EXPECT_TRUE(go_on(second)) << "again changes nothing";
  EXPECT_EQ(store.records("m/job.queue/"), 0u);
  EXPECT_EQ(store.records("m/job.turn/"), kJobs);
}

TEST_F(JobRecoveryTest, a_job_cancelled_before_its_turn_is_not_run) {
  const std::string id = submit_without_turn("a");
  good(jobs.cancel(id));
  run_until(submit("b"), JobState::kDone);
  EXPECT_EQ(script.ran, (std::vector<std::string>{"b"}));
  EXPECT_EQ(store.records("m/job.queue/") + store.records("m/job.turn/"), 0u);
}

TEST_F(JobRecoveryTest, a_record_that_cannot_be_read_keeps_its_place_until_it_can) {
  const std::string broken = submit_without_turn("broken");
  const std::string whole = submit_without_turn("whole");
  store.fail_reads_of(keys::job(broken), rt::Error{Code::kDamaged, "checksum"});
  must_run_first_and_then(whole, broken);
}

TEST_F(JobRecoveryTest, an_interrupted_job_that_cannot_be_read_keeps_no_other_waiting) {
  const std::string broken = submit("broken");
  crash_while_running(store);
  store.fail_reads_of(keys::job(broken), rt::Error{Code::kIo, "bad sector"});
  const std::string whole = submit("whole");
  must_run_first_and_then(whole, broken);
  EXPECT_EQ(store.records("m/job.running/"), 0u);
}

TEST_F(JobRecoveryTest, a_queued_job_that_cannot_be_read_keeps_no_other_waiting) {
  const std::string broken = submit("broken");
  store.fail_reads_of(keys::job(broken), rt::Error{Code::kDamaged, "checksum"});
  test_now_ms += 10;
  const std::string whole = submit("whole");
  const auto steps = [&]() -> rt::Task<void> {
    co_await until(whole, JobState::kDone);
    store.fail_reads_of(keys::job(broken), std::nullopt);
    test_now_ms += 1'000;
    jobs.wake();
    co_await until(broken, JobState::kDone);
  };
  run_queue(steps());
  EXPECT_EQ(script.ran, (std::vector<std::string>{"whole", "broken"}));
}

TEST_F(JobRecoveryTest, a_kind_in_trouble_is_no_trouble_of_the_kinds_behind_it) {
  jobs.add_kind("early", kind_of(script));
  store.fail_reads_of("m/job.turn/early/", rt::Error{Code::kIo, "bad sector"});
  run_until(submit("a"), JobState::kDone);
}

TEST_F(JobRecoveryTest, an_end_that_cannot_be_written_holds_no_slot) {
  std::string broken;
  script.attempt = [&](JobRun& run) -> rt::Task<rt::Status> {
    if (run.job().id == broken) store.fail_reads_of(keys::job(broken), rt::Error{Code::kIo, "bad sector"});
    co_return rt::Status{};
  };
  broken = submit("broken");
  test_now_ms += 10;
  run_until(submit("whole"), JobState::kDone);
  store.fail_reads_of(keys::job(broken), std::nullopt);
  EXPECT_EQ(script.ran, (std::vector<std::string>{"broken", "whole"}));
}

TEST_F(JobRecoveryTest, an_entry_that_does_not_fit_its_job_is_put_right) {
  const std::string ended = submit("ended");
  good(jobs.cancel(ended));
  const std::string waiting = submit("waiting");
  store::Transaction transaction;
  transaction.put(keys::waiting_job("work", 1, "t", 1, ended), {});
  transaction.put(keys::waiting_job("work", 1, "t", 2, waiting), {});
  transaction.erase(index_key(job(waiting)));
  good(store.commit(std::move(transaction)));
  run_until(waiting, JobState::kDone);
  EXPECT_EQ(script.ran, (std::vector<std::string>{"waiting"}));
  EXPECT_EQ(store.records("m/job.turn/"), 0u);
}

TEST_F(JobRecoveryTest, an_ended_job_that_cannot_be_read_keeps_no_other_in_memory) {
  const std::string broken = submit("broken");
  good(jobs.cancel(broken));
  good(jobs.cancel(submit("whole")));
  test_now_ms += 1'000;
  store.fail_reads_of(keys::job(broken), rt::Error{Code::kIo, "bad sector"});
  EXPECT_EQ(bad(jobs.forget_ended_before(test_now_ms)).code, Code::kIo);
  EXPECT_EQ(store.records("m/job/"), 1u);
  store.fail_reads_of(keys::job(broken), std::nullopt);
  EXPECT_EQ(good(jobs.forget_ended_before(test_now_ms)), 1u);
  EXPECT_EQ(store.records("m/job"), 0u);
}

}  // namespace
}  // namespace millrace::media
