// Sockets against sockets: pairs of connected descriptors on one loop.
#include "server/net/socket.h"

#include "tests/server/net/connect.h"

namespace millrace::net {
namespace {

struct Pair {
  explicit Pair(Receive& receive, std::chrono::milliseconds write_limit = 5000ms) {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
    near = std::make_unique<Socket>(both[0], receive.pool, write_limit, "192.0.2.1");
    far = std::make_unique<Socket>(both[1], receive.pool, write_limit, "192.0.2.2");
  }
  std::unique_ptr<Socket> near;
  std::unique_ptr<Socket> far;
};

rt::Task<void> write_and_shut(Socket& socket, std::string text) {
  rt::Slices slices;
  // Many slices, so that gathering takes more than one call.
  for (std::size_t at = 0; at < text.size(); at += 997) {
    slices.push_back(rt::Slice::copy_of(std::string_view(text).substr(at, 997)));
  }
  rt::Status written = co_await socket.write(std::move(slices));
  EXPECT_TRUE(written);
  socket.shut();
}

TEST(Socket, CarriesMuchInOrderAndTheEnd) {
  Receive receive;
  auto story = [](Receive& r) -> rt::Task<void> {
    Pair pair(r);
    std::string text;
    for (int i = 0; i < 3'000'000; ++i) text += static_cast<char>(i * 7 % 251);
    rt::Scope scope;
    scope.spawn(write_and_shut(*pair.near, text));
    const std::string got = co_await read_text(*pair.far, text.size() + 1);
    EXPECT_TRUE(got == text);
    co_await scope.join();
  };
  rt::run_until_done(story(receive));
}

TEST(Socket, AReadTimesOutAndTheNextGoesOn) {
  Receive receive;
  auto story = [](Receive& r) -> rt::Task<void> {
    Pair pair(r);
    auto nothing = co_await pair.far->read(10ms);
    EXPECT_TRUE(!nothing && nothing.error().code == rt::Code::kTimeout);
    rt::Status written = co_await pair.near->write(one("late"));
    EXPECT_TRUE(written);
    const std::string got = co_await read_text(*pair.far, 4);
    EXPECT_EQ(got, "late");
  };
  rt::run_until_done(story(receive));
}

TEST(Socket, APeerThatTakesNothingEndsTheWrite) {
  Receive receive;
  auto story = [](Receive& r) -> rt::Task<void> {
    Pair pair(r, 20ms);
    rt::Status stuck = co_await pair.near->write(one(std::string(8 << 20, 'x')));
    EXPECT_TRUE(!stuck && stuck.error().code == rt::Code::kTimeout);
  };
  rt::run_until_done(story(receive));
}

// A descriptor connected to a Socket by TCP, whose close sends a reset.
struct Crash {
  explicit Crash(Receive& receive) {
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof(name);
    EXPECT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&name), bytes), 0);
    EXPECT_EQ(::listen(listening, 1), 0);
    ::getsockname(listening, reinterpret_cast<sockaddr*>(&name), &bytes);
    far = connect_to("127.0.0.1:" + std::to_string(ntohs(name.sin_port)));
    near = std::make_unique<Socket>(::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), receive.pool,
                                    5000ms, "192.0.2.1");
    ::close(listening);
  }
  void happen() const {
    const linger at_once = {1, 0};
    ::setsockopt(far, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    ::close(far);
  }
  int far;
  std::unique_ptr<Socket> near;
};

TEST(Socket, AResetRightBehindTheLastBytesIsNoticed) {
  Receive receive;
  auto story = [](Receive& r) -> rt::Task<void> {
    Crash crash(r);
    EXPECT_EQ(::send(crash.far, "last", 4, 0), 4);
    crash.happen();
    const std::string got = co_await read_text(*crash.near, 4);
    EXPECT_EQ(got, "last");
    auto gone = co_await crash.near->read(2000ms);
    EXPECT_TRUE(!gone && gone.error().code == rt::Code::kClosed);
  };
  rt::run_until_done(story(receive));
}

rt::Task<void> close_later(Socket& socket) {
  co_await rt::sleep(5ms);
  socket.close();
}

TEST(Socket, CloseWakesTheReader) {
  Receive receive;
  auto story = [](Receive& r) -> rt::Task<void> {
    Pair pair(r);
    rt::Scope scope;
    scope.spawn(close_later(*pair.near));
    auto woken = co_await pair.near->read(60'000ms);
    EXPECT_TRUE(!woken && woken.error().code == rt::Code::kClosed);
    co_await scope.join();
  };
  rt::run_until_done(story(receive));
}

rt::Task<void> refund_later(rt::Budget& budget, bool& refunded) {
  co_await rt::sleep(20ms);
  refunded = true;
  budget.refund(budget.limit_bytes());
}

TEST(Socket, AReadWaitsWhileTheBudgetIsExhausted) {
  Receive receive;
  auto story = [](Receive& r) -> rt::Task<void> {
    Pair pair(r);
    // The loop's block is full and in use: the next read would need another one.
    rt::Slices held;
    while (r.pool->current().room().size() >= 2 * rt::kReadRoomMinBytes) {
      held.push_back(r.pool->current().fill(rt::kReadRoomMinBytes));
    }
    held.push_back(r.pool->current().fill(rt::kReadRoomMinBytes));
    r.budget.charge(r.budget.limit_bytes());
    EXPECT_FALSE(r.pool->can_read());
    rt::Status more = co_await pair.near->write(one("more"));
    EXPECT_TRUE(more);
    bool refunded = false;
    rt::Scope scope;
    scope.spawn(refund_later(r.budget, refunded));
    auto late = co_await pair.far->read(5000ms);
    EXPECT_TRUE(late && refunded);
    co_await scope.join();
  };
  rt::run_until_done(story(receive));
}

}  // namespace
}  // namespace millrace::net
