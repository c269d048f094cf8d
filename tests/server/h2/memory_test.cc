#include "server/h2/memory.h"

#include <gtest/gtest.h>

#include <cstring>

namespace millrace::h2 {
namespace {

TEST(H2Memory, HibernationKeepsEveryByteInItsPlace) {
  SlotPool pool;
  SmallPool blocks;
  SessionMemory memory(pool, blocks);
  auto* first = static_cast<unsigned char*>(memory.allocate(3001));
  auto* zeroed = static_cast<unsigned char*>(memory.allocate_zeroed(16, 256));
  auto* small = static_cast<unsigned char*>(memory.allocate(24));
  for (int i = 0; i < 3001; ++i) first[i] = static_cast<unsigned char>(i % 300 < 100 ? i : 0);
  for (int i = 0; i < 4096; ++i) ASSERT_EQ(zeroed[i], 0);
  std::memset(zeroed + 100, 7, 50);
  std::memset(small, 9, 24);
  const std::string before(reinterpret_cast<char*>(first), 3001);
  const std::string zeroed_before(reinterpret_cast<char*>(zeroed), 4096);
  for (int round = 0; round < 3; ++round) {
    memory.hibernate();
    EXPECT_TRUE(memory.hibernates());
    EXPECT_EQ(small[3], 9);
    memory.wake();
    EXPECT_EQ(std::string(reinterpret_cast<char*>(first), 3001), before);
    EXPECT_EQ(std::string(reinterpret_cast<char*>(zeroed), 4096), zeroed_before);
  }
  memory.free(first);
  memory.free(zeroed);
  memory.free(small);
}

TEST(H2Memory, WhatDoesNotFitTheSlotComesFromTheHeap) {
  SlotPool pool;
  SmallPool blocks;
  SessionMemory memory(pool, blocks);
  void* large = memory.allocate(20 * 1024);
  void* more = memory.allocate(20 * 1024);
  std::memset(large, 1, 20 * 1024);
  std::memset(more, 2, 20 * 1024);
  auto* grown = static_cast<unsigned char*>(memory.reallocate(large, 40 * 1024));
  EXPECT_EQ(grown[20 * 1024 - 1], 1);
  memory.free(grown);
  memory.free(more);
}

TEST(H2Memory, ASlotIsZerosAgainForTheNextSession) {
  SlotPool pool;
  SmallPool blocks;
  void* used = nullptr;
  {
    SessionMemory memory(pool, blocks);
    used = memory.allocate(4000);
    std::memset(used, 5, 4000);
  }
  SessionMemory memory(pool, blocks);
  auto* again = static_cast<unsigned char*>(memory.allocate_zeroed(1, 4000));
  EXPECT_EQ(again, used);
  for (int i = 0; i < 4000; ++i) ASSERT_EQ(again[i], 0);
}

TEST(H2Memory, SmallBlocksAreUsedAgainAndGrow) {
  SmallPool pool;
  void* first = pool.take(100);
  pool.give_back(first);
  auto* again = static_cast<unsigned char*>(pool.take(120));
  EXPECT_EQ(again, first) << "the same class";
  std::memset(again, 3, 120);
  auto* grown = static_cast<unsigned char*>(pool.resize(again, 300));
  EXPECT_EQ(grown[119], 3);
  grown = static_cast<unsigned char*>(pool.resize(grown, 3000));
  EXPECT_EQ(grown[119], 3);
  grown[2999] = 4;
  grown = static_cast<unsigned char*>(pool.resize(grown, 9000));
  EXPECT_EQ(grown[2999], 4);
  pool.give_back(grown);
  pool.give_back(nullptr);
}

}  // namespace
}  // namespace millrace::h2
