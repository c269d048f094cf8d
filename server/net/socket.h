// Socket: Transport over a connected TCP socket, with its own recv and sendmsg around libuv's readiness. One recv per
// readiness into the loop's shared receive Block, one sendmsg for many slices. Owned by the listener's connection;
// runs on the loop that made it. It stays armed for reading while its reader keeps up and disarms itself when nobody
// reads, which is the back-pressure.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "server/net/transport.h"
#include "server/rt/block.h"
#include "server/rt/event.h"
#include "server/rt/timer.h"

namespace millrace::net {

class Socket final : public Transport {
 public:
  // Takes the descriptor over. `write_limit`: how long a peer may take nothing of what is written.
  Socket(int descriptor, std::shared_ptr<rt::BlockPool> pool, std::chrono::milliseconds write_limit,
         std::string peer_address);
  ~Socket() override;

  rt::Task<rt::Result<rt::Slice>> read(std::chrono::milliseconds idle) override;
  rt::Task<rt::Status> write(rt::Slices slices) override;
  void shut() override;
  void close() override;

  std::string_view alpn() const override { return {}; }
  bool encrypted() const override { return false; }
  std::string peer_address() const override { return peer_address_; }
  // Behind a proxy, the address the proxy told us.
  void set_peer_address(std::string address) { peer_address_ = std::move(address); }

  // The lower half, for TLS above. readable(): waits until a receive() is worth a try. receive(): one recv; nothing
  // when there was nothing after all, 0 at the end of the stream. send(): what the kernel takes now.
  struct ReadWait {
    Socket& socket;
    std::chrono::milliseconds idle;
    bool await_ready() const noexcept { return socket.readable_ || socket.closed_; }
    void await_suspend(std::coroutine_handle<> waiter);
    rt::Status await_resume();
  };
  ReadWait readable(std::chrono::milliseconds idle) { return {*this, idle}; }
  struct WriteWait {
    Socket& socket;
    bool await_ready() const noexcept { return socket.closed_; }
    void await_suspend(std::coroutine_handle<> waiter);
    rt::Status await_resume();
  };
  WriteWait writable() { return {*this}; }
  rt::Result<std::optional<std::size_t>> receive(std::span<std::byte> room);
  rt::Result<std::size_t> send(std::span<const std::byte> bytes);
  // Waits, at most `limit`, until the byte budget allows to read.
  rt::Task<rt::Status> budget_allows(std::chrono::milliseconds limit);
  rt::BlockPool& pool() noexcept { return *pool_; }

 private:
  struct Poll;
  struct Cursor {
    std::size_t index = 0;
    std::size_t offset = 0;
  };
  void on_ready(int status, int events);
  void on_timer();
  void watch(int events);
  void arm(std::int64_t deadline_ms);
  rt::Status send_some(const rt::Slices& slices, Cursor& cursor);

  int descriptor_;
  int watched_ = 0;  // the events libuv watches for us
  bool readable_ = false;
  bool writable_ = false;
  bool closed_ = false;
  bool shut_ = false;
  std::coroutine_handle<> reader_;
  std::coroutine_handle<> writer_;
  std::int64_t read_deadline_ms_ = 0;
  std::int64_t write_deadline_ms_ = 0;
  std::int64_t timer_ms_ = 0;  // when the timer fires; 0: it is off
  Poll* poll_;                 // freed by libuv's close callback
  std::shared_ptr<rt::BlockPool> pool_;
  std::chrono::milliseconds write_limit_;
  rt::Timer timer_;
  std::string peer_address_;
};

}  // namespace millrace::net
