// Tenants take turns, whatever one of them has queued.
#include "tests/media/jobs/jobs_world.h"

namespace millrace::media {
namespace {

using Subjects = std::vector<std::string>;

class FairShareTest : public JobsTest {
 protected:
  void submit_many(const std::string& tenant, std::size_t count) {
    store::Transaction transaction;
    for (std::size_t i = 0; i < count; ++i) {
      jobs.add_to(transaction, {.kind = "work", .tenant = tenant, .subject = tenant});
    }
    good(store.commit(std::move(transaction)));
  }
  void widen(std::uint32_t slots) {
    JobKind kind = kind_of(script);
    kind.concurrency = slots;
    jobs.add_kind("work", std::move(kind));
  }
  void run_until_ran(std::size_t count) {
    const auto steps = [&]() -> rt::Task<void> {
      for (int tries = 0; tries < 5000 && script.ran.size() < count; ++tries) {
        co_await rt::sleep(std::chrono::milliseconds(1));
      }
    };
    run_queue(steps());
  }
};

TEST_F(FairShareTest, one_job_waits_for_no_thousand_of_another_tenant) {
  submit_many("many", 1000);
  test_now_ms += 10;
  submit_for("one", "one");
  const std::size_t before = store.scanned_records();
  run_until_ran(3);
  ASSERT_GE(script.ran.size(), 3u);
  script.ran.resize(3);
  EXPECT_EQ(script.ran, (Subjects{"many", "one", "many"}));
  EXPECT_LT(store.scanned_records() - before, 100u) << "a look reads one entry of each tenant";
}

TEST_F(FairShareTest, slots_are_shared_by_who_waits) {
  widen(2);
  script.attempt = until_stopped;
  submit_many("many", 10);
  test_now_ms += 10;
  submit_for("one", "one");
  run_until_ran(2);
  EXPECT_EQ(script.ran, (Subjects{"many", "one"}));
}

TEST_F(FairShareTest, a_tenant_alone_has_all_slots) {
  widen(3);
  script.attempt = until_stopped;
  submit_many("many", 10);
  run_until_ran(3);
  EXPECT_EQ(script.running_max, 3);
}

TEST_F(FairShareTest, a_higher_priority_goes_first_whose_ever_it_is) {
  submit_for("one", "one");
  for (int i = 0; i < 3; ++i) submit_for("many", "many", Priority::kHigh);
  run_until_ran(4);
  EXPECT_EQ(script.ran, (Subjects{"many", "many", "many", "one"}));
}

TEST_F(FairShareTest, what_is_not_due_hides_nothing_of_others) {
  const std::string later = submit_for("a", "later", Priority::kNormal, 60'000);
  const std::string due = submit_for("b", "due");
  run_until(due, JobState::kDone);
  EXPECT_EQ(job(later).state, JobState::kQueued);
}

TEST_F(FairShareTest, the_queue_wakes_for_the_first_that_becomes_due) {
  submit_for("a", "late", Priority::kNormal, 60'000);
  const std::string soon = submit_for("b", "soon", Priority::kNormal, 50);
  const auto steps = [&]() -> rt::Task<void> {
    co_await rt::sleep(std::chrono::milliseconds(5));
    test_now_ms += 50;
    co_await until(soon, JobState::kDone);
  };
  run_queue(steps());
}

TEST_F(FairShareTest, names_that_begin_alike_are_different_tenants) {
  for (const char* tenant : {"a", "a-b", "a0", "ab"}) {
    submit_for(tenant, tenant);
    submit_for(tenant, tenant);
    test_now_ms += 10;
  }
  run_until_ran(8);
  EXPECT_EQ(script.ran, (Subjects{"a", "a-b", "a0", "ab", "a", "a-b", "a0", "ab"}));
}

TEST_F(FairShareTest, a_restart_in_the_middle_goes_on_in_turns) {
  submit_many("many", 20);
  test_now_ms += 10;
  crash_while_running(store);
  EXPECT_EQ(store.records("m/job.running/"), 1u);
  submit_for("one", "one");
  run_until_ran(2);
  ASSERT_GE(script.ran.size(), 2u);
  EXPECT_EQ(std::ranges::count(script.ran.begin(), script.ran.begin() + 2, std::string("one")), 1);
  EXPECT_EQ(store.records("m/job.running/"), 0u);
}

}  // namespace
}  // namespace millrace::media
