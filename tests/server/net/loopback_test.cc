// The loopback itself: bytes arrive in order, faults happen where they were asked for.
#include "tests/server/net/loopback.h"

#include <gtest/gtest.h>

namespace millrace::net {
namespace {

using namespace std::chrono_literals;

rt::Slices text(std::string_view bytes) { return {rt::Slice::copy_of(bytes)}; }

rt::Task<std::string> read_all(Transport& transport) {
  std::string all;
  for (;;) {
    auto slice = co_await transport.read(1000ms);
    if (!slice) co_return all + "!" + slice.error().message;
    if (slice->empty()) co_return all;
    all += slice->text();
  }
}

TEST(Loopback, CarriesBytesAndTheEnd) {
  auto story = []() -> rt::Task<std::string> {
    auto [first, second] = loopback();
    co_await first->write(text("hello "));
    co_await first->write(text("world"));
    first->shut();
    co_return co_await read_all(*second);
  };
  EXPECT_EQ(rt::run_until_done(story()), "hello world");
}

TEST(Loopback, CutsAndResets) {
  auto story = [](Faults faults) -> rt::Task<std::string> {
    auto [first, second] = loopback(faults);
    co_await first->write(text("hello world"));
    co_return co_await read_all(*second);
  };
  EXPECT_EQ(rt::run_until_done(story({.to_second = {.read_max_bytes = 2, .end_after_bytes = 5}})), "hello");
  EXPECT_EQ(rt::run_until_done(story({.to_second = {.reset_after_bytes = 5}})), "hello!the connection was reset");
}

TEST(Loopback, WritersWaitForRoomAndGiveUp) {
  auto story = []() -> rt::Task<rt::Code> {
    auto [first, second] = loopback({.to_second = {.room_bytes = 1}, .write_limit = 20ms});
    co_await first->write(text("x"));
    const rt::Status status = co_await first->write(text("y"));
    co_return status ? rt::Code::kInternal : status.error().code;
  };
  EXPECT_EQ(rt::run_until_done(story()), rt::Code::kTimeout);
}

TEST(Loopback, ReadsTimeOutAndGoOn) {
  auto story = []() -> rt::Task<bool> {
    auto [first, second] = loopback({.to_second = {.delay = 60ms}});
    co_await first->write(text("late"));
    auto early = co_await second->read(5ms);
    auto late = co_await second->read(5000ms);
    co_return !early && early.error().code == rt::Code::kTimeout && late && late->text() == "late";
  };
  EXPECT_TRUE(rt::run_until_done(story()));
}

}  // namespace
}  // namespace millrace::net
