#include "server/rt/lru_cache.h"

#include <gtest/gtest.h>

namespace millrace::rt {
namespace {

std::shared_ptr<const int> number(int value) { return std::make_shared<const int>(value); }

TEST(LruCache, finds_what_was_put_last_under_a_key) {
  LruCache<int> cache(1600);
  cache.put("a", number(1), 1);
  cache.put("a", number(2), 1);
  ASSERT_NE(cache.find("a"), nullptr);
  EXPECT_EQ(*cache.find("a"), 2);
  EXPECT_EQ(cache.find("b"), nullptr);
}

TEST(LruCache, keeps_to_its_cost_and_drops_the_longest_unused) {
  LruCache<int> cache(160);
  for (int i = 0; i < 10'000; ++i) {
    cache.put("kept", cache.find("kept") ? cache.find("kept") : number(-1), 1);
    cache.put(std::to_string(i), number(i), 1);
  }
  EXPECT_NE(cache.find("kept"), nullptr) << "it was used all the time";
  int left = 0;
  for (int i = 0; i < 10'000; ++i) left += cache.find(std::to_string(i)) != nullptr;
  EXPECT_LE(left, 160);
  EXPECT_GE(left, 100);
}

TEST(LruCache, does_not_keep_what_costs_too_much) {
  LruCache<int> cache(160);
  cache.put("a", number(1), 1);
  cache.put("a", number(2), 11);
  EXPECT_EQ(cache.find("a"), nullptr);
}

}  // namespace
}  // namespace millrace::rt
