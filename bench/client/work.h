#pragma once

// What is to be requested and what came of it: hands out requests in order to whichever connection has room, and
// gathers statuses, bytes and latencies. One per process, on its only thread; does no I/O.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/client/body.h"
#include "bench/client/options.h"

namespace millrace::bench {

using Clock = std::chrono::steady_clock;

struct Target {
  std::string scheme;
  std::string authority;
  std::string path;
};

// "http://127.0.0.1:80/x" in its three parts, nothing when it is not such a URL.
std::optional<Target> parse_url(const std::string& url);

// One request on its way; lives in the session that sends it.
struct Exchange {
  uint64_t number = 0;
  const Target* target = nullptr;
  uint64_t upload_bytes = 0;
  uint64_t received_bytes = 0;
  int status = 0;
  bool damaged = false;  // the body was not the one asked for
  Clock::time_point started{};
};

class Work {
 public:
  explicit Work(const Options& options);

  // The next request; nothing when all were handed out or the time is over.
  std::optional<Exchange> take(Clock::time_point now);
  void body_arrived(Exchange& exchange, std::span<const uint8_t> bytes) const;
  void finish(const Exchange& exchange, Clock::time_point now);
  void fail() {
    ++failed_;
    ++ended_;
  }

  void begin(Clock::time_point now);
  bool all_handed_out(Clock::time_point now) const { return next_ == options_.requests || now >= deadline_; }
  bool all_ended(Clock::time_point now) const { return all_handed_out(now) && ended_ == next_; }
  uint64_t failed() const { return failed_ + (options_.duration_s == 0 ? options_.requests - next_ : 0); }

  const Options& options() const { return options_; }
  const BodyPool& bodies() const { return *bodies_; }
  const std::vector<Target>& targets() const { return targets_; }
  uint64_t body_id(const Exchange& exchange) const { return options_.first_body + exchange.number; }

  // One line of JSON.
  std::string report() const;

 private:
  const Options& options_;
  std::optional<BodyPool> bodies_;
  std::vector<Target> targets_;
  uint64_t next_ = 0;
  uint64_t ended_ = 0;
  uint64_t failed_ = 0;
  uint64_t sent_bytes_ = 0;
  uint64_t received_bytes_ = 0;
  std::map<int, uint64_t> statuses_;
  std::vector<float> latencies_us_;
  Clock::time_point begun_{};
  Clock::time_point ended_at_{};
  Clock::time_point deadline_ = Clock::time_point::max();
};

}  // namespace millrace::bench
