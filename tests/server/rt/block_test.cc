#include "server/rt/block.h"

#include <gtest/gtest.h>

#include <thread>

namespace millrace::rt {
namespace {

TEST(BlockPool, packs_small_reads_into_one_block) {
  Budget budget(10 << 20);
  auto pool = BlockPool::make(budget);
  const Slice first = pool->current().fill(10);
  const Slice second = pool->current().fill(20);
  EXPECT_EQ(first.data() + 10, second.data());
  EXPECT_TRUE(first.continues_with(second));
  EXPECT_EQ(budget.used_bytes(), kBlockBytes);
  pool->rest();
}

TEST(BlockPool, reuses_the_block_once_nobody_references_it) {
  Budget budget(10 << 20);
  auto pool = BlockPool::make(budget);
  const std::byte* start = pool->current().fill(10).data();
  EXPECT_EQ(pool->current().fill(5).data(), start);
  pool->rest();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(BlockPool, slices_outlive_the_pool_and_return_from_any_thread) {
  Budget budget(10 << 20);
  Slice slice;
  {
    auto pool = BlockPool::make(budget);
    slice = pool->current().fill(100);
    pool->rest();
  }
  EXPECT_EQ(budget.used_bytes(), kBlockBytes);
  std::thread([moved = std::move(slice)]() mutable { moved = {}; }).join();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(Slice, take_front_splits_without_copying) {
  Slice whole = Slice::copy_of("hello world");
  const std::byte* start = whole.data();
  const Slice front = whole.take_front(5);
  EXPECT_EQ(front.text(), "hello");
  EXPECT_EQ(whole.text(), " world");
  EXPECT_EQ(front.data(), start);
}

}  // namespace
}  // namespace millrace::rt
