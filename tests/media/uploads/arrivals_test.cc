#include "media/uploads/arrivals.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace millrace::media {
namespace {

constexpr std::int64_t kIdleMs = 1000;
std::atomic<std::int64_t> now_ms = 50'000;
std::int64_t clock() { return now_ms; }

class ArrivalsTest : public testing::Test {
 protected:
  Arrivals::Seen seen() const { return arrivals.seen("k").value_or(Arrivals::Seen()); }

  Arrivals arrivals{clock};
};

TEST_F(ArrivalsTest, one_that_runs_is_active_now) {
  const Arrival arrival = arrivals.begin("k", kIdleMs);
  now_ms += 10 * kIdleMs;
  EXPECT_EQ(seen().active_ms, now_ms);
  EXPECT_FALSE(arrivals.seen("other"));
  arrivals.forget_idle();
  EXPECT_EQ(seen().active_ms, now_ms);
}

TEST_F(ArrivalsTest, bytes_are_those_of_all_that_run) {
  Arrival first = arrivals.begin("k", kIdleMs);
  first.advance(3);
  {
    Arrival second = arrivals.begin("k", kIdleMs);
    second.advance(4);
    EXPECT_EQ(seen().bytes, 7u);
  }
  EXPECT_EQ(seen().bytes, 3u);
  first.committed();
  EXPECT_EQ(seen().bytes, 0u);
}

TEST_F(ArrivalsTest, cut_one_is_remembered_while_it_counts) {
  {
    Arrival arrival = arrivals.begin("k", kIdleMs);
    arrival.advance(1);
  }
  const std::int64_t ended_ms = now_ms;
  now_ms += kIdleMs - 1;
  arrivals.forget_idle();
  EXPECT_EQ(seen().active_ms, ended_ms);
  now_ms += 1;
  arrivals.forget_idle();
  EXPECT_EQ(arrivals.size(), 0u);
}

TEST_F(ArrivalsTest, neither_nothing_nor_what_is_committed_is_remembered) {
  {
    const Arrival empty = arrivals.begin("k", kIdleMs);
  }
  EXPECT_EQ(arrivals.size(), 0u);
  Arrival arrival = arrivals.begin("k", kIdleMs);
  arrival.advance(1);
  arrival.committed();
  EXPECT_EQ(arrivals.size(), 0u);
}

TEST_F(ArrivalsTest, goes_on_when_moved) {
  Arrival arrival;
  arrival = arrivals.begin("k", kIdleMs);
  arrival.advance(2);
  {
    Arrival moved = std::move(arrival);
    moved.advance(3);
    EXPECT_EQ(seen().bytes, 5u);
  }
  EXPECT_EQ(seen().bytes, 0u);
}

TEST_F(ArrivalsTest, come_and_go_on_all_loops) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        Arrival arrival = arrivals.begin("k", kIdleMs);
        arrival.advance(1);
        if (n % 2 == 0) arrival.committed();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(seen().bytes, 0u);
  now_ms += kIdleMs;
  arrivals.forget_idle();
  EXPECT_EQ(arrivals.size(), 0u);
}

}  // namespace
}  // namespace millrace::media
