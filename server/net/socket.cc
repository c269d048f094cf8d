#include "server/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "server/rt/bus_guard.h"

namespace millrace::net {
namespace {

// Slices given to one sendmsg (the kernel takes at most 1024).
constexpr std::size_t kGatherMax = 512;
// How often a reader looks again whether the byte budget allows to read.
constexpr std::chrono::milliseconds kBudgetPollMs{5};

std::unexpected<rt::Error> closed_here() { return rt::fail(rt::Code::kClosed, "the connection was closed"); }

std::unexpected<rt::Error> broken(const char* what, int error) {
  return rt::fail(rt::Code::kClosed, std::string(what) + ": " + std::strerror(error));
}

std::unexpected<rt::Error> write_failed(int error) {
  if (error != EFAULT) return broken("write", error);
  rt::count_unreadable();
  return rt::fail(rt::Code::kIo, "the bytes to send cannot be read");
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

struct Socket::Poll {
  uv_poll_t handle;
};

Socket::Socket(int descriptor, std::shared_ptr<rt::BlockPool> pool, std::chrono::milliseconds write_limit,
               std::string peer_address)
    : descriptor_(descriptor),
      poll_(new Poll),
      pool_(std::move(pool)),
      write_limit_(write_limit),
      timer_([this] { on_timer(); }),
      peer_address_(std::move(peer_address)) {
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  uv_poll_init(rt::Loop::current().uv(), &poll_->handle, descriptor_);
  poll_->handle.data = this;
}

Socket::~Socket() { close(); }

void Socket::close() {
  if (std::exchange(closed_, true)) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_->handle),
           [](uv_handle_t* handle) { delete reinterpret_cast<Poll*>(handle); });
  ::close(descriptor_);
  timer_.cancel();
  for (auto* waiter : {&reader_, &writer_}) {
    if (*waiter) rt::Loop::current().ready(std::exchange(*waiter, {}));
  }
}

void Socket::shut() {
  if (closed_ || std::exchange(shut_, true)) return;
  ::shutdown(descriptor_, SHUT_WR);
}

void Socket::watch(int events) {
  if (events == watched_ || closed_) return;
  watched_ = events;
  uv_poll_start(&poll_->handle, events, [](uv_poll_t* handle, int status, int ready) {
    static_cast<Socket*>(handle->data)->on_ready(status, ready);
  });
}

// An event that nobody waits for disarms itself, so a steady reader or writer costs no epoll_ctl.
void Socket::on_ready(int status, int events) {
  int keep = watched_;
  if (status < 0) {
    events = UV_READABLE | UV_WRITABLE;  // a call will see the error, behind the bytes that came before it
    watched_ = 0;                        // libuv watches no more
  }
  if (events & UV_READABLE) {
    if (readable_) keep &= ~UV_READABLE;
    readable_ = true;
    if (reader_) rt::Loop::current().ready(std::exchange(reader_, {}));
  }
  if (events & UV_WRITABLE) {
    if (!writer_) keep &= ~UV_WRITABLE;
    writable_ = true;
    if (writer_) rt::Loop::current().ready(std::exchange(writer_, {}));
  }
  watch(keep);
}

void Socket::on_timer() {
  timer_ms_ = 0;
  const std::int64_t now = rt::Loop::current().now_ms();
  if (reader_ && now >= read_deadline_ms_) rt::Loop::current().ready(std::exchange(reader_, {}));
  if (writer_ && now >= write_deadline_ms_) rt::Loop::current().ready(std::exchange(writer_, {}));
  if (reader_) arm(read_deadline_ms_);
  if (writer_) arm(write_deadline_ms_);
}

// Deadlines mostly move forward, so the timer is left alone when it fires early enough and set again then.
void Socket::arm(std::int64_t deadline_ms) {
  if (timer_ms_ != 0 && timer_ms_ <= deadline_ms) return;
  timer_ms_ = deadline_ms;
  const std::int64_t delay = std::max<std::int64_t>(deadline_ms - rt::Loop::current().now_ms(), 0);
  timer_.set(std::chrono::milliseconds(delay));
}

void Socket::ReadWait::await_suspend(std::coroutine_handle<> waiter) {
  socket.reader_ = waiter;
  socket.read_deadline_ms_ = rt::Loop::current().now_ms() + idle.count();
  socket.arm(socket.read_deadline_ms_);
  socket.watch(socket.watched_ | UV_READABLE);
}

rt::Status Socket::ReadWait::await_resume() {
  if (socket.closed_) return closed_here();
  if (!socket.readable_) return rt::fail(rt::Code::kTimeout, "the peer sent nothing in time");
  return {};
}

void Socket::WriteWait::await_suspend(std::coroutine_handle<> waiter) {
  socket.writer_ = waiter;
  socket.writable_ = false;
  socket.write_deadline_ms_ = rt::Loop::current().now_ms() + socket.write_limit_.count();
  socket.arm(socket.write_deadline_ms_);
  socket.watch(socket.watched_ | UV_WRITABLE);
}

rt::Status Socket::WriteWait::await_resume() {
  if (socket.closed_) return closed_here();
  if (!socket.writable_) return rt::fail(rt::Code::kTimeout, "the peer took nothing in time");
  return {};
}

rt::Result<std::optional<std::size_t>> Socket::receive(std::span<std::byte> room) {
  if (closed_) return closed_here();
  readable_ = false;
  const ssize_t got = ::recv(descriptor_, room.data(), room.size(), 0);
  if (got >= 0) return static_cast<std::size_t>(got);
  if (would_block(errno)) return std::nullopt;
  return broken("read", errno);
}

rt::Result<std::size_t> Socket::send(std::span<const std::byte> bytes) {
  if (closed_) return closed_here();
  const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (would_block(errno)) return 0;
  return write_failed(errno);
}

rt::Task<rt::Status> Socket::budget_allows(std::chrono::milliseconds limit) {
  const std::int64_t deadline_ms = rt::Loop::current().now_ms() + limit.count();
  while (!closed_ && !pool_->can_read()) {
    if (rt::Loop::current().now_ms() >= deadline_ms) co_return rt::fail(rt::Code::kTimeout, "no memory to read into");
    co_await rt::sleep(kBudgetPollMs);
  }
  co_return rt::Status();
}

rt::Task<rt::Result<rt::Slice>> Socket::read(std::chrono::milliseconds idle) {
  for (;;) {
    rt::Status ready = co_await readable(idle);
    if (!ready) co_return rt::pass(ready);
    if (!pool_->can_read()) {
      rt::Status allowed = co_await budget_allows(idle);
      if (!allowed) co_return rt::pass(allowed);
    }
    rt::Block& block = pool_->current();
    auto got = receive(block.room());
    if (!got) co_return rt::pass(got);
    if (*got && **got == 0) co_return rt::Slice();
    if (*got) co_return block.fill(**got);
  }
}

rt::Task<rt::Status> Socket::write(rt::Slices slices) {
  for (Cursor cursor;;) {
    rt::Status sent = send_some(slices, cursor);
    if (!sent || cursor.index == slices.size()) co_return sent;
    rt::Status ready = co_await writable();
    if (!ready) co_return ready;
  }
}

// One sendmsg after the other until the kernel is full or the slices are gone.
rt::Status Socket::send_some(const rt::Slices& slices, Cursor& cursor) {
  std::array<iovec, kGatherMax> gather;
  while (cursor.index < slices.size()) {
    if (closed_) return closed_here();
    std::size_t count = 0;
    std::size_t asked = 0;
    for (std::size_t i = cursor.index; i < slices.size() && count < kGatherMax; ++i, ++count) {
      const std::size_t skip = i == cursor.index ? cursor.offset : 0;
      gather[count] = {const_cast<std::byte*>(slices[i].data()) + skip, slices[i].size() - skip};
      asked += gather[count].iov_len;
    }
    msghdr message = {};
    message.msg_iov = gather.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (sent < 0 && would_block(errno)) return {};
    if (sent < 0) return write_failed(errno);
    std::size_t rest = static_cast<std::size_t>(sent) + cursor.offset;
    while (cursor.index < slices.size() && rest >= slices[cursor.index].size()) rest -= slices[cursor.index++].size();
    cursor.offset = rest;
    if (static_cast<std::size_t>(sent) < asked) return {};
  }
  return {};
}

}  // namespace millrace::net
