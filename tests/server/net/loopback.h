// An in-memory pair of Transports with injected faults, for tests of protocol sessions: bytes written at one end are
// read at the other, after a delay, in pieces, up to a cut. Both ends live on the loop of the calling thread; nothing
// touches a socket. An end may be destroyed before its peer.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "server/net/transport.h"
#include "server/rt/block.h"
#include "server/rt/event.h"
#include "server/rt/timer.h"

namespace millrace::net {

// What happens to the bytes of one direction.
struct PipeFaults {
  static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
  std::chrono::milliseconds delay{0};      // every write arrives this much later
  std::size_t read_max_bytes = kNever;     // a read gives at most this many
  std::size_t room_bytes = 1 << 20;        // a writer waits while this much is on the way
  std::size_t end_after_bytes = kNever;    // the reader sees the end of the stream after so many
  std::size_t reset_after_bytes = kNever;  // both ends break after so many
};

struct Faults {
  PipeFaults to_second = {};  // what the first end writes
  PipeFaults to_first = {};
  std::chrono::milliseconds write_limit{10'000};
  std::string alpn = {};
  bool encrypted = false;
  std::string peer_address = "127.0.0.1";
};

namespace loopback_detail {

// A wait with a deadline for one coroutine.
class Waiting {
 public:
  Waiting()
      : timer_([this] {
          timed_out_ = true;
          event_.set();
        }) {}
  void wake() { event_.set(); }
  rt::Task<bool> wait(std::chrono::milliseconds limit) {  // false: the limit passed
    timed_out_ = false;
    timer_.set(limit);
    co_await event_.wait();
    timer_.cancel();
    co_return !timed_out_;
  }

 private:
  rt::Event event_;
  bool timed_out_ = false;
  rt::Timer timer_;
};

struct Pipe {
  explicit Pipe(PipeFaults f) : faults(f), arrive([this] { reader.wake(); }) {}

  struct Piece {
    std::int64_t at_ms;
    rt::Slice bytes;
  };

  PipeFaults faults;
  std::deque<Piece> pieces;
  std::size_t on_the_way_bytes = 0;
  std::size_t passed_bytes = 0;
  bool ended = false;   // the writer is done
  bool broken = false;  // reset
  bool reader_gone = false;
  Waiting reader;
  Waiting writer;
  rt::Timer arrive;

  void reset() {
    broken = true;
    reader.wake();
    writer.wake();
  }
};

struct Shared {
  explicit Shared(const Faults& f) : faults(f), to_second(f.to_second), to_first(f.to_first) {}
  ~Shared() { pool->rest(); }  // the pool and its current block hold each other
  Faults faults;
  Pipe to_second;
  Pipe to_first;
  rt::Budget budget{std::size_t{64} << 20};
  std::shared_ptr<rt::BlockPool> pool = rt::BlockPool::make(budget);

  void reset() {
    to_second.reset();
    to_first.reset();
  }
};

class End final : public Transport {
 public:
  End(std::shared_ptr<Shared> shared, Pipe& in, Pipe& out) : shared_(std::move(shared)), in_(in), out_(out) {}
  ~End() override { close(); }

  rt::Task<rt::Result<rt::Slice>> read(std::chrono::milliseconds idle) override {
    auto keep = shared_;
    for (;;) {
      if (closed_ || in_.broken) co_return rt::fail(rt::Code::kClosed, "the connection broke");
      if (in_.passed_bytes >= in_.faults.end_after_bytes) co_return rt::Slice();
      if (in_.pieces.empty() && in_.ended) co_return rt::Slice();
      const std::int64_t now = rt::Loop::current().now_ms();
      if (!in_.pieces.empty() && in_.pieces.front().at_ms <= now) co_return take();
      if (!in_.pieces.empty()) in_.arrive.set(std::chrono::milliseconds(in_.pieces.front().at_ms - now));
      const bool woken = co_await in_.reader.wait(idle);
      if (!woken) co_return rt::fail(rt::Code::kTimeout, "nothing came");
    }
  }

  rt::Task<rt::Status> write(rt::Slices slices) override {
    auto keep = shared_;
    const std::int64_t at_ms = rt::Loop::current().now_ms() + out_.faults.delay.count();
    for (rt::Slice& slice : slices) {
      while (!closed_ && !out_.broken && !out_.reader_gone && out_.on_the_way_bytes >= out_.faults.room_bytes) {
        const bool woken = co_await out_.writer.wait(shared_->faults.write_limit);
        if (!woken) co_return rt::fail(rt::Code::kTimeout, "the peer takes nothing");
      }
      if (closed_ || out_.broken || out_.reader_gone || out_.ended) {
        co_return rt::fail(rt::Code::kClosed, "the connection broke");
      }
      if (slice.empty()) continue;
      out_.on_the_way_bytes += slice.size();
      out_.pieces.push_back({at_ms, std::move(slice)});
      out_.reader.wake();
    }
    co_return rt::Status();
  }

  void shut() override {
    out_.ended = true;
    out_.reader.wake();
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    out_.ended = true;
    in_.reader_gone = true;
    for (Pipe* pipe : {&in_, &out_}) {
      pipe->reader.wake();
      pipe->writer.wake();
    }
  }

  std::string_view alpn() const override { return shared_->faults.alpn; }
  bool encrypted() const override { return shared_->faults.encrypted; }
  std::string peer_address() const override { return shared_->faults.peer_address; }

 private:
  // Copies what has arrived into a receive block, as a socket's read would.
  rt::Result<rt::Slice> take() {
    Pipe::Piece& piece = in_.pieces.front();
    rt::Block& block = shared_->pool->current();
    const std::size_t until_fault =
        std::min(in_.faults.end_after_bytes, in_.faults.reset_after_bytes) - in_.passed_bytes;
    const std::size_t bytes =
        std::min({piece.bytes.size(), block.room().size(), in_.faults.read_max_bytes, until_fault});
    if (bytes == 0) {
      shared_->reset();
      return rt::fail(rt::Code::kClosed, "the connection was reset");
    }
    std::memcpy(block.room().data(), piece.bytes.data(), bytes);
    piece.bytes.take_front(bytes);
    if (piece.bytes.empty()) in_.pieces.pop_front();
    in_.passed_bytes += bytes;
    in_.on_the_way_bytes -= bytes;
    in_.writer.wake();
    return block.fill(bytes);
  }

  std::shared_ptr<Shared> shared_;
  Pipe& in_;
  Pipe& out_;
  bool closed_ = false;
};

}  // namespace loopback_detail

// Only inside Loop::run(), because the ends have timers. close() of one end gives the other the end of the stream.
inline std::pair<std::unique_ptr<Transport>, std::unique_ptr<Transport>> loopback(const Faults& faults = {}) {
  auto shared = std::make_shared<loopback_detail::Shared>(faults);
  auto first = std::make_unique<loopback_detail::End>(shared, shared->to_first, shared->to_second);
  auto second = std::make_unique<loopback_detail::End>(shared, shared->to_second, shared->to_first);
  return {std::move(first), std::move(second)};
}

}  // namespace millrace::net
