#include "server/rt/task.h"

#include <gtest/gtest.h>

#include <atomic>

#include "server/rt/event.h"
#include "server/rt/pool.h"
#include "server/rt/timer.h"

namespace millrace::rt {
namespace {

Task<int> answer() { co_return 42; }

Task<int> sum_of(int depth) {
  if (depth == 0) co_return 0;
  const int rest = co_await sum_of(depth - 1);
  co_return rest + 1;
}

TEST(Task, gives_its_value_to_the_awaiter) { EXPECT_EQ(run_until_done(answer()), 42); }

TEST(Task, nests_without_growing_the_stack) { EXPECT_EQ(run_until_done(sum_of(100'000)), 100'000); }

Task<int> add_in_pool(Pool& pool) {
  const int a = co_await pool.run([] { return 40; });
  co_return a + 2;
}

TEST(Pool, brings_the_result_back) {
  Pool pool(2);
  EXPECT_EQ(run_until_done(add_in_pool(pool)), 42);
}

Task<void> wait_and_count(Event& event, int& count) {
  co_await event.wait();
  ++count;
}

Task<int> scope_waits_for_all() {
  int count = 0;
  Event first;
  Event second;
  Scope scope;
  scope.spawn(wait_and_count(first, count));
  scope.spawn(wait_and_count(second, count));
  second.set();
  co_await sleep(std::chrono::milliseconds(1));
  first.set();
  co_await scope.join();
  co_return count;
}

TEST(Scope, join_waits_for_every_task) { EXPECT_EQ(run_until_done(scope_waits_for_all()), 2); }

Task<void> hold(Semaphore& semaphore, int& inside, int& most) {
  co_await semaphore.acquire();
  most = std::max(most, ++inside);
  co_await sleep(std::chrono::milliseconds(1));
  --inside;
  semaphore.release();
}

Task<int> most_inside() {
  Semaphore semaphore(3);
  int inside = 0;
  int most = 0;
  Scope scope;
  for (int i = 0; i < 10; ++i) scope.spawn(hold(semaphore, inside, most));
  co_await scope.join();
  co_return most;
}

TEST(Semaphore, admits_no_more_than_its_permits) { EXPECT_EQ(run_until_done(most_inside()), 3); }

// Never waits; each turn of it takes a while.
Task<void> toil(const bool& enough, int& turns) {
  while (!enough) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
    while (std::chrono::steady_clock::now() < until) {
    }
    ++turns;
    co_await yield();
  }
}

Task<int> turns_before_a_timer(int workers) {
  bool fired = false;
  int turns = 0;
  Timer timer([&fired] { fired = true; });
  timer.set(std::chrono::milliseconds(1));
  Scope scope;
  for (int i = 0; i < workers; ++i) scope.spawn(toil(fired, turns));
  co_await scope.join();
  co_return turns;
}

TEST(Loop, polls_between_turns_of_those_who_never_wait) {
  EXPECT_LT(run_until_done(turns_before_a_timer(1)), 50);
  EXPECT_LT(run_until_done(turns_before_a_timer(200)), 450);
}

TEST(Timer, cancelled_does_not_fire) {
  bool fired = false;
  auto body = [](bool& flag) -> Task<void> {
    Timer timer([&flag] { flag = true; });
    timer.set(std::chrono::milliseconds(1));
    timer.cancel();
    co_await sleep(std::chrono::milliseconds(5));
  };
  run_until_done(body(fired));
  EXPECT_FALSE(fired);
}

}  // namespace
}  // namespace millrace::rt
