#include "bench/client/driver.h"

#include <fmt/core.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace millrace::bench {
namespace {

constexpr size_t kOpeningMax = 64;      // connections in their handshake at once
constexpr size_t kPassBytes = 2 << 20;  // read or written by one connection before the next has its turn
constexpr size_t kKeepBytes = 4096;     // an output buffer larger than this is given back when empty and idle
constexpr uint64_t kStdinEvent = UINT64_MAX;
constexpr auto kRateTick = std::chrono::milliseconds(100);

}  // namespace

struct Driver::Connection {
  Connection(const TlsContext* tls, std::unique_ptr<Session> s) : transport(tls), session(std::move(s)) {}

  Transport transport;
  std::unique_ptr<Session> session;
  std::vector<uint8_t> out;
  size_t out_at = 0;
  bool connected = false;
  bool settled = false;
  bool queued = false;
  bool alarmed = false;
};

Driver::Driver(Work& work) : work_(work), epoll_(epoll_create1(EPOLL_CLOEXEC)), scratch_(256 << 10) {
  const Options& options = work.options();
  const Target& first = work.targets().front();
  const std::string& dial = options.connect.empty() ? first.authority : options.connect;
  const size_t colon = dial.rfind(':');
  if (colon == std::string::npos) {
    fmt::print(stderr, "loadclient: '{}' names no port\n", dial);
    std::exit(2);
  }
  address_ = dial.substr(0, colon);
  port_ = static_cast<uint16_t>(std::strtoul(dial.c_str() + colon + 1, nullptr, 10));
  if (first.scheme == "https") tls_.emplace(options.http1);
}

Driver::~Driver() { ::close(epoll_); }

void Driver::run() {
  const auto now = Clock::now();
  give_up_ = now + std::chrono::seconds(work_.options().timeout_s);
  work_.begin(now);
  while (!done()) {
    open_more();
    poll(wait_ms());
    ring_alarms();
  }
}

bool Driver::done() const {
  const auto now = Clock::now();
  if (now >= give_up_) return true;
  const bool all_dialled = dialled_ == work_.options().connections;
  if (all_dialled && open_ == 0) return true;
  if (!work_.all_ended(now)) return false;
  return !work_.options().hold || (all_dialled && opening_ == 0 && unsettled_ == 0);
}

int Driver::wait_ms() const {
  if (!ready_.empty()) return 0;
  if (alarms_.empty()) return 100;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(alarms_.top().at - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 100));
}

void Driver::hold() {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kStdinEvent}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0) return;
  std::array<epoll_event, 256> events;
  while (true) {
    const int n = epoll_wait(epoll_, events.data(), events.size(), 1000);
    for (int i = 0; i < n; ++i) {
      if (events[i].data.u64 == kStdinEvent) return;
      service(events[i].data.u64);
    }
  }
}

void Driver::open_more() {
  while (opening_ < kOpeningMax && dialled_ < work_.options().connections) {
    if (!dial(dialled_++)) continue;
    ++opening_;
    ++unsettled_;
    ++open_;
  }
}

bool Driver::dial(size_t index) {
  auto session = work_.options().http1 ? make_h1_session(work_) : make_h2_session(work_);
  auto connection = std::make_unique<Connection>(tls_ ? &*tls_ : nullptr, std::move(session));
  const bool dialled = connection->transport.connect(address_, port_);
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = index}};
  if (!dialled || epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->transport.fd(), &event) != 0) connection.reset();
  connections_.push_back(std::move(connection));
  return connections_.back() != nullptr;
}

void Driver::poll(int wait) {
  std::array<epoll_event, 256> events;
  const int n = epoll_wait(epoll_, events.data(), events.size(), wait);
  for (int i = 0; i < n; ++i) service(events[i].data.u64);
  for (const size_t index : std::exchange(ready_, {})) {
    if (!connections_[index]) continue;
    connections_[index]->queued = false;
    service(index);
  }
}

void Driver::service(size_t index) {
  if (!connections_[index]) return;
  Connection& connection = *connections_[index];
  if (!connection.connected && !finish_handshake(connection)) return close(index);
  if (!connection.connected) return;
  bool alive = read_some(connection);
  if (alive) {
    connection.session->submit(Clock::now());
    alive = write_some(connection);
  }
  if (!alive) return close(index);
  if (connection.queued) ready_.push_back(index);
  if (!connection.settled && connection.session->settled()) {
    connection.settled = true;
    --unsettled_;
  }
  set_alarm(index);
}

// False when there will be no connection.
bool Driver::finish_handshake(Connection& connection) {
  const Io io = connection.transport.handshake();
  if (io == Io::kDone) {
    connection.connected = true;
    --opening_;
  }
  return io != Io::kClosed;
}

bool Driver::read_some(Connection& connection) {
  for (size_t total = 0; total < kPassBytes;) {
    size_t n = 0;
    const Io io = connection.transport.read(scratch_, n);
    if (io == Io::kBlocked) return true;
    if (io == Io::kClosed || !connection.session->receive({scratch_.data(), n}, Clock::now())) return false;
    total += n;
  }
  connection.queued = true;
  return true;
}

bool Driver::write_some(Connection& connection) {
  auto& out = connection.out;
  for (size_t total = 0; total < kPassBytes;) {
    if (connection.out_at == out.size()) {
      out.clear();
      connection.out_at = 0;
      connection.session->produce(out);
    }
    if (out.empty()) {
      if (out.capacity() > kKeepBytes && connection.session->in_flight() == 0) std::vector<uint8_t>().swap(out);
      return true;
    }
    size_t n = 0;
    const Io io = connection.transport.write(std::span(out).subspan(connection.out_at), n);
    if (io == Io::kBlocked) return true;
    if (io == Io::kClosed) return false;
    connection.out_at += n;
    total += n;
  }
  connection.queued = true;
  return true;
}

// A connection with a rate or a pause has to be looked at although its socket says nothing.
void Driver::set_alarm(size_t index) {
  const Options& options = work_.options();
  Connection& connection = *connections_[index];
  if (connection.alarmed || (options.rate_bytes == 0 && options.think_ms == 0)) return;
  const auto now = Clock::now();
  if (connection.session->in_flight() == 0 && work_.all_handed_out(now)) return;
  if (connection.session->in_flight() > 0 && options.rate_bytes == 0) return;
  connection.alarmed = true;
  alarms_.push({now + (options.rate_bytes > 0 ? kRateTick : std::chrono::milliseconds(options.think_ms)), index});
}

void Driver::ring_alarms() {
  const auto now = Clock::now();
  while (!alarms_.empty() && alarms_.top().at <= now) {
    const size_t index = alarms_.top().index;
    alarms_.pop();
    if (!connections_[index]) continue;
    connections_[index]->alarmed = false;
    service(index);
  }
}

void Driver::close(size_t index) {
  Connection& connection = *connections_[index];
  if (!connection.connected) --opening_;
  if (!connection.settled) --unsettled_;
  --open_;
  connections_[index].reset();
}

}  // namespace millrace::bench
