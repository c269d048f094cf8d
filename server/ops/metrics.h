// Metrics: counters that each loop keeps for itself and that are added up when somebody asks. A LoopMetrics is written
// by its loop only and read by any; Metrics outlives the loops. What others count (store, memory, connections) comes
// from sources, called at each scrape on the scraping loop.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/http/message.h"

namespace millrace::ops {

inline constexpr std::array<double, 15> kLatencyBucketsSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                                  0.25,   0.5,   1,      2.5,   5,    10,    30};

// A count with one writing thread.
class Count {
 public:
  void add(std::uint64_t more) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class alignas(64) LoopMetrics {
 public:
  explicit LoopMetrics(std::size_t routes) : by_route_(routes) {}
  void request(std::size_t route, const http::Outcome& outcome, std::int64_t took_us) noexcept;

 private:
  friend class Metrics;
  static constexpr std::size_t kStatusClasses = 5;
  std::vector<std::array<Count, kStatusClasses>> by_route_;
  std::array<Count, kLatencyBucketsSeconds.size() + 1> latency_;
  Count latency_us_;
  Count received_bytes_;
  Count sent_bytes_;
  Count aborted_;
};

struct Sample {
  std::string name;
  std::string help;
  bool counter = false;  // else a gauge
  double value = 0;
  std::vector<std::pair<std::string, std::string>> labels = {};
};

class Metrics {
 public:
  using Source = std::function<void(std::vector<Sample>&)>;

  // `routes` are the patterns requests are counted by; what matches none counts as "other".
  Metrics(std::size_t loops, const std::vector<std::string>& routes);

  LoopMetrics& of_loop(std::size_t index) noexcept { return *loops_[index]; }
  std::size_t route_index(std::string_view pattern) const noexcept;

  // Before the loops run. Samples of one name become one family.
  void add_source(Source source) { sources_.push_back(std::move(source)); }

  // All of it in Prometheus' text format 0.0.4.
  std::string render() const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  std::vector<std::string> routes_;
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> index_;
  std::vector<std::unique_ptr<LoopMetrics>> loops_;
  std::vector<Source> sources_;
};

}  // namespace millrace::ops
