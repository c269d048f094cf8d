#include "media/tenants/rate_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace millrace::media {
namespace {

constexpr Rate kRate{.per_second = 2, .burst = 4};

TEST(RateLimit, GrantsABurstAndThenARate) {
  RateLimit limit;
  for (std::uint64_t left : {3, 2, 1, 0}) {
    const Ration ration = limit.take("a", kRate, 0);
    EXPECT_TRUE(ration.granted);
    EXPECT_EQ(ration.remaining, left);
  }
  const Ration refused = limit.take("a", kRate, 0);
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.wait_ms, 500);
  EXPECT_EQ(refused.full_ms, 2000);
  EXPECT_FALSE(limit.take("a", kRate, 499).granted);
  EXPECT_TRUE(limit.take("a", kRate, 500).granted);
  EXPECT_FALSE(limit.take("a", kRate, 500).granted);
}

TEST(RateLimit, ARefusalCostsNothing) {
  RateLimit limit;
  for (int i = 0; i < 100; ++i) limit.take("a", kRate, 0);
  EXPECT_EQ(limit.take("a", kRate, 0).wait_ms, 500);
}

TEST(RateLimit, NeverSavesUpMoreThanTheBurst) {
  RateLimit limit;
  limit.take("a", kRate, 0);
  EXPECT_EQ(limit.take("a", kRate, 3'600'000).remaining, 3U);
}

TEST(RateLimit, KnowsNamesApart) {
  RateLimit limit;
  for (int i = 0; i < 5; ++i) limit.take("a", kRate, 0);
  EXPECT_FALSE(limit.take("a", kRate, 0).granted);
  EXPECT_TRUE(limit.take("b", kRate, 0).granted);
}

TEST(RateLimit, ZeroIsNoLimitAndRemembersNobody) {
  RateLimit limit;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limit.take("a", {}, 0).granted);
  EXPECT_EQ(limit.size(), 0U);
}

TEST(RateLimit, AClockThatGoesBackGivesAndTakesNothing) {
  RateLimit limit;
  for (int i = 0; i < 4; ++i) limit.take("a", kRate, 10'000);
  EXPECT_FALSE(limit.take("a", kRate, 1'000).granted);
  EXPECT_FALSE(limit.take("a", kRate, 10'400).granted);
  EXPECT_TRUE(limit.take("a", kRate, 10'500).granted);
}

TEST(RateLimit, RemembersSoManyNamesAndForgetsTheLongestSilent) {
  RateLimit limit(160);
  for (int i = 0; i < 5; ++i) limit.take("first", kRate, 0);
  for (int i = 0; i < 10'000; ++i) {
    limit.take(std::to_string(i), kRate, 0);
    EXPECT_FALSE(limit.take("first", kRate, 0).granted);
  }
  EXPECT_LE(limit.size(), 160U + 16U);
  for (int i = 0; i < 10'000; ++i) limit.take(std::to_string(i), kRate, 0);
  EXPECT_TRUE(limit.take("first", kRate, 0).granted);
}

TEST(RateLimit, GrantsNoMoreToManyThreadsThanToOne) {
  RateLimit limit;
  std::atomic<int> granted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int each = 0; each < 1000; ++each) granted += limit.take("a", {.per_second = 1, .burst = 100}, 0).granted;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted, 100);
}

}  // namespace
}  // namespace millrace::media
