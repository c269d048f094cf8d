#pragma once

// A protocol on one connection of the load client: bytes in, bytes out, no I/O of its own. The connection calls
// submit() when there may be room for requests, feeds receive(), and takes what produce() appends until it appends
// nothing.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bench/client/work.h"

namespace millrace::bench {

// How much one produce() appends before the bytes go to the socket.
inline constexpr size_t kBatchBytes = 256 << 10;

// What a connection may send by now; without a rate everything.
class Allowance {
 public:
  explicit Allowance(uint64_t rate_bytes) : rate_bytes_(rate_bytes) {}

  void start(Clock::time_point now) { last_ = now; }
  void refill(Clock::time_point now);
  uint64_t take(uint64_t wanted);

 private:
  uint64_t rate_bytes_;
  double available_bytes_ = 0;
  Clock::time_point last_{};
};

class Session {
 public:
  virtual ~Session() = default;

  // Starts requests while there is room and work. `now` also refills the upload allowance.
  virtual void submit(Clock::time_point now) = 0;
  // False when the peer broke the protocol.
  virtual bool receive(std::span<const uint8_t> bytes, Clock::time_point now) = 0;
  virtual void produce(std::vector<uint8_t>& out) = 0;
  virtual size_t in_flight() const = 0;
  // The opening exchange of the protocol is over.
  virtual bool settled() const = 0;
};

std::unique_ptr<Session> make_h2_session(Work& work);
std::unique_ptr<Session> make_h1_session(Work& work);

// Decides when a connection takes its next request: --each and --think.
class Turn {
 public:
  explicit Turn(const Options& options) : options_(options) {}

  bool ready(Clock::time_point now) const { return taken_ < options_.requests_each && now >= not_before_; }
  bool finished() const { return taken_ == options_.requests_each; }
  void took() { ++taken_; }
  void ended(Clock::time_point now) { not_before_ = now + std::chrono::milliseconds(options_.think_ms); }

 private:
  const Options& options_;
  uint64_t taken_ = 0;
  Clock::time_point not_before_{};
};

}  // namespace millrace::bench
