#pragma once

// Runs the connections of the load client on one epoll loop until the work is done. Owns sockets and sessions; decides
// nothing about what is requested.

#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "bench/client/session.h"
#include "bench/client/transport.h"
#include "bench/client/work.h"

namespace millrace::bench {

class Driver {
 public:
  explicit Driver(Work& work);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Until all requests ended, no connection is left, or the time is up.
  void run();
  // Answers PINGs and SETTINGS until stdin ends.
  void hold();
  size_t open_connections() const { return open_; }

 private:
  struct Connection;
  struct Alarm {
    Clock::time_point at;
    size_t index;
    bool operator>(const Alarm& other) const { return at > other.at; }
  };

  void open_more();
  bool dial(size_t index);
  void poll(int wait_ms);
  void service(size_t index);
  bool finish_handshake(Connection& connection);
  bool read_some(Connection& connection);
  bool write_some(Connection& connection);
  void set_alarm(size_t index);
  void ring_alarms();
  void close(size_t index);
  bool done() const;
  int wait_ms() const;

  Work& work_;
  std::optional<TlsContext> tls_;
  std::string address_;
  uint16_t port_ = 0;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<uint8_t> scratch_;
  std::vector<size_t> ready_;  // stopped for fairness, not because the socket blocked
  std::priority_queue<Alarm, std::vector<Alarm>, std::greater<>> alarms_;
  size_t dialled_ = 0;
  size_t opening_ = 0;
  size_t unsettled_ = 0;
  size_t open_ = 0;
  Clock::time_point give_up_{};
};

}  // namespace millrace::bench
