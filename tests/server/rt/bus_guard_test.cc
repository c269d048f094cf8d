#include "server/rt/bus_guard.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>
#include <vector>

#include "tests/server/rt/lost_bytes.h"

namespace millrace::rt {
namespace {

constexpr std::size_t kPageBytes = 4096;

TEST(BusGuard, TellsOfBytesThatCannotBeRead) {
  install_bus_guard();
  const Slice lost = LostBytes::make(4 * kPageBytes, kPageBytes);
  std::string copy(lost.size(), '\0');
  EXPECT_FALSE(try_copy(copy.data(), lost.data(), lost.size()));
  EXPECT_TRUE(try_copy(copy.data(), lost.data(), kPageBytes));
  EXPECT_EQ(copy.substr(0, kPageBytes), std::string(kPageBytes, 'x'));
}

TEST(BusGuard, TellsAgainEachTimeOnEachThread) {
  install_bus_guard();
  const Slice lost = LostBytes::make(4 * kPageBytes);
  const std::uint64_t before = unreadable_count();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&lost] {
      std::byte byte;
      for (int round = 0; round < 100; ++round) EXPECT_FALSE(try_copy(&byte, lost.data(), 1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(unreadable_count() - before, 400U);
}

TEST(BusGuard, GuardsWithinGuards) {
  install_bus_guard();
  const Slice lost = LostBytes::make(kPageBytes);
  std::byte byte;
  bool inner = true;
  EXPECT_FALSE(survives([&] {
    inner = try_copy(&byte, lost.data(), 1);
    byte = *static_cast<const volatile std::byte*>(lost.data());
  }));
  EXPECT_FALSE(inner);
}

TEST(BusGuardDeathTest, OutsideOfItTheProcessEnds) {
  const Slice lost = LostBytes::make(kPageBytes);
  const auto touch = [&lost] {
    install_bus_guard();
    (void)*static_cast<const volatile std::byte*>(lost.data());
  };
  EXPECT_DEATH(touch(), "");
}

TEST(BusGuardDeathTest, OneThatNoAccessRaisedEndsTheProcess) {
  install_bus_guard();
  EXPECT_DEATH(survives([] { ::raise(SIGBUS); }), "");
}

TEST(BusGuardDeathTest, AfterAGuardNothingIsGuarded) {
  install_bus_guard();
  const Slice lost = LostBytes::make(kPageBytes);
  std::byte byte;
  const std::byte good{1};
  EXPECT_FALSE(try_copy(&byte, lost.data(), 1));
  EXPECT_TRUE(try_copy(&byte, &good, 1));
  EXPECT_DEATH((void)*static_cast<const volatile std::byte*>(lost.data()), "");
}

}  // namespace
}  // namespace millrace::rt
