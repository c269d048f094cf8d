// A long path on loopback: everything that comes in on one side goes out on the other after a delay, each way, and no
// faster than a rate. One thread, one epoll loop. Bytes under way are bounded by what such a path would hold, so that a
// sender feels the path's back-pressure and not an endless buffer.
//
//   relay --to 127.0.0.1:PORT [--delay-ms 50] [--rate-mbit 0] [--buffer-mib 64]
//
// Prints {"listen":"127.0.0.1:PORT"} and serves until it is ended.

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kPieceBytes = 256 << 10;
constexpr size_t kQueueBytes = 1 << 20;  // what the narrowest router of a rate-limited path keeps

struct Path {
  sockaddr_in to{};
  std::chrono::microseconds delay{50'000};
  double bytes_per_second = 0;
  size_t buffer_bytes = 64 << 20;
};

struct Piece {
  Clock::time_point due;
  std::vector<uint8_t> bytes;
  size_t sent = 0;
};

// One direction of one connection.
struct Pipe {
  int from = -1;
  int to = -1;
  std::deque<Piece> pieces;
  size_t held_bytes = 0;
  Clock::time_point line_free{};
  bool blocked = false;  // the receiver's socket is full
  bool ended = false;    // the sender is done, its end has not been passed on
  bool closed = false;
};

struct Link {
  Pipe up;
  Pipe down;
};

sockaddr_in parse_address(const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const size_t colon = text.find(':');
  const bool good =
      colon != std::string::npos && inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) == 1;
  if (!good) {
    fmt::print(stderr, "relay: '{}' is no address\n", text);
    std::exit(2);
  }
  address.sin_port = htons(static_cast<uint16_t>(std::strtoul(text.c_str() + colon + 1, nullptr, 10)));
  return address;
}

Path parse_path(int argc, char** argv) {
  Path path;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string key = argv[i];
    const double value = std::atof(argv[i + 1]);
    if (key == "--to") path.to = parse_address(argv[i + 1]);
    if (key == "--delay-ms") path.delay = std::chrono::microseconds(static_cast<int64_t>(value * 1000));
    if (key == "--rate-mbit") path.bytes_per_second = value * 125'000;
    if (key == "--buffer-mib") path.buffer_bytes = static_cast<size_t>(value) << 20;
  }
  const double seconds = std::chrono::duration<double>(path.delay).count();
  if (path.bytes_per_second > 0) path.buffer_bytes = static_cast<size_t>(path.bytes_per_second * seconds) + kQueueBytes;
  return path;
}

class Relay {
 public:
  explicit Relay(const Path& path);
  uint16_t port() const;
  [[noreturn]] void run();

 private:
  void accept_all();
  void watch(int fd);
  void move(Link& link);
  bool take_in(Pipe& pipe);
  bool pass_on(Pipe& pipe);
  Clock::time_point due(Pipe& pipe, size_t bytes) const;
  int wait_us() const;
  void drop_closed();

  Path path_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  int listener_ = -1;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<uint8_t> scratch_ = std::vector<uint8_t>(kPieceBytes);
};

Relay::Relay(const Path& path)
    : path_(path), listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  sockaddr_in here = parse_address("127.0.0.1:0");
  if (bind(listener_, reinterpret_cast<sockaddr*>(&here), sizeof here) != 0 || listen(listener_, 1024) != 0)
    std::exit(1);
  watch(listener_);
}

uint16_t Relay::port() const {
  sockaddr_in here{};
  socklen_t length = sizeof here;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &length);
  return ntohs(here.sin_port);
}

void Relay::watch(int fd) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void Relay::run() {
  std::array<epoll_event, 64> events;
  while (true) {
    const int us = wait_us();
    const timespec wait{us / 1'000'000, us % 1'000'000 * 1000};
    epoll_pwait2(epoll_, events.data(), events.size(), &wait, nullptr);
    accept_all();
    for (auto& link : links_) move(*link);
    drop_closed();
  }
}

void Relay::accept_all() {
  for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (connect(other, reinterpret_cast<const sockaddr*>(&path_.to), sizeof path_.to) != 0) {
      close(fd);
      close(other);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(other, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto link = std::make_unique<Link>();
    link->up.from = link->down.to = fd;
    link->up.to = link->down.from = other;
    links_.push_back(std::move(link));
    watch(fd);
    watch(other);
  }
}

void Relay::move(Link& link) {
  for (Pipe* pipe : {&link.up, &link.down}) {
    if (!take_in(*pipe) || !pass_on(*pipe)) link.up.closed = link.down.closed = true;
  }
}

// The moment a piece read now has crossed the path: it waits for the line, then travels.
Clock::time_point Relay::due(Pipe& pipe, size_t bytes) const {
  const auto now = Clock::now();
  if (path_.bytes_per_second == 0) return now + path_.delay;
  const std::chrono::duration<double> on_the_line(static_cast<double>(bytes) / path_.bytes_per_second);
  pipe.line_free = std::max(pipe.line_free, now) + std::chrono::duration_cast<Clock::duration>(on_the_line);
  return pipe.line_free + path_.delay;
}

bool Relay::take_in(Pipe& pipe) {
  while (!pipe.ended && pipe.held_bytes < path_.buffer_bytes) {
    const ssize_t n = recv(pipe.from, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    pipe.ended = n == 0;
    pipe.held_bytes += static_cast<size_t>(n);
    const auto at = due(pipe, static_cast<size_t>(n));
    pipe.pieces.push_back({at, {scratch_.begin(), scratch_.begin() + n}});  // the empty one carries the stream's end
  }
  return true;
}

bool Relay::pass_on(Pipe& pipe) {
  const auto now = Clock::now();
  pipe.blocked = false;
  while (!pipe.pieces.empty() && pipe.pieces.front().due <= now) {
    Piece& piece = pipe.pieces.front();
    if (piece.bytes.empty()) {
      shutdown(pipe.to, SHUT_WR);
      pipe.closed = true;
      pipe.pieces.clear();
      return true;
    }
    const ssize_t n =
        send(pipe.to, piece.bytes.data() + piece.sent, piece.bytes.size() - piece.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    pipe.blocked = n < 0;
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    piece.sent += static_cast<size_t>(n);
    pipe.held_bytes -= static_cast<size_t>(n);
    if (piece.sent == piece.bytes.size()) pipe.pieces.pop_front();
  }
  return true;
}

int Relay::wait_us() const {
  int64_t wait = 1'000'000;
  const auto now = Clock::now();
  for (const auto& link : links_) {
    for (const Pipe* pipe : {&link->up, &link->down}) {
      if (pipe->pieces.empty() || pipe->blocked) continue;
      // May have become due since pass_on() looked.
      const auto left = std::chrono::ceil<std::chrono::microseconds>(pipe->pieces.front().due - now).count();
      wait = std::clamp<int64_t>(left, 0, wait);
    }
  }
  return static_cast<int>(wait);
}

void Relay::drop_closed() {
  std::erase_if(links_, [](const auto& link) {
    if (!link->up.closed || !link->down.closed) return false;
    close(link->up.from);
    close(link->up.to);
    return true;
  });
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Relay relay(parse_path(argc, argv));
  fmt::print("{{\"listen\":\"127.0.0.1:{}\"}}\n", relay.port());
  std::fflush(stdout);
  relay.run();
}
