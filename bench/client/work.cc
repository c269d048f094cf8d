#include "bench/client/work.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>

namespace millrace::bench {
namespace {

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto value = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return value(usage.ru_utime) + value(usage.ru_stime);
}

float percentile(const std::vector<float>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(share * static_cast<double>(sorted.size())))];
}

std::vector<Target> parse_targets(const std::vector<std::string>& urls) {
  std::vector<Target> targets;
  for (const auto& url : urls) {
    auto target = parse_url(url);
    if (!target) {
      fmt::print(stderr, "loadclient: '{}' is no URL\n", url);
      std::exit(2);
    }
    targets.push_back(std::move(*target));
  }
  return targets;
}

}  // namespace

std::optional<Target> parse_url(const std::string& url) {
  const size_t colon = url.find("://");
  if (colon == std::string::npos) return std::nullopt;
  const size_t slash = url.find('/', colon + 3);
  Target target{url.substr(0, colon), url.substr(colon + 3, slash == std::string::npos ? slash : slash - colon - 3),
                slash == std::string::npos ? "/" : url.substr(slash)};
  if ((target.scheme != "http" && target.scheme != "https") || target.authority.empty()) return std::nullopt;
  return target;
}

Work::Work(const Options& options) : options_(options), targets_(parse_targets(options.urls)) {
  if (options.size_bytes > 0 || options.verify) bodies_.emplace(options.seed, options.shift_bytes);
}

void Work::begin(Clock::time_point now) {
  begun_ = ended_at_ = now;
  if (options_.duration_s > 0) deadline_ = now + std::chrono::seconds(options_.duration_s);
}

std::optional<Exchange> Work::take(Clock::time_point now) {
  if (all_handed_out(now)) return std::nullopt;
  Exchange exchange;
  exchange.number = next_++;
  exchange.target = &targets_[exchange.number % targets_.size()];
  exchange.started = now;
  if (options_.method != "GET") exchange.upload_bytes = options_.size_bytes + options_.shift_bytes;
  return exchange;
}

void Work::body_arrived(Exchange& exchange, std::span<const uint8_t> bytes) const {
  if (options_.verify && !bodies_->matches(body_id(exchange), exchange.received_bytes, bytes)) exchange.damaged = true;
  exchange.received_bytes += bytes.size();
}

void Work::finish(const Exchange& exchange, Clock::time_point now) {
  ++ended_;
  ended_at_ = now;
  if (exchange.damaged) ++failed_;
  sent_bytes_ += exchange.upload_bytes;
  received_bytes_ += exchange.received_bytes;
  ++statuses_[exchange.status];
  latencies_us_.push_back(std::chrono::duration<float, std::micro>(now - exchange.started).count());
}

std::string Work::report() const {
  auto sorted = latencies_us_;
  std::ranges::sort(sorted);
  std::string statuses;
  for (const auto& [status, count] : statuses_) {
    fmt::format_to(std::back_inserter(statuses), "{}\"{}\":{}", statuses.empty() ? "" : ",", status, count);
  }
  return fmt::format(
      R"({{"requests":{},"failed":{},"bytes_sent":{},"bytes_received":{},"seconds":{:.6f},"client_cpu_seconds":{:.3f},)"
      R"("statuses":{{{}}},"latency_us":{{"p50":{:.1f},"p90":{:.1f},"p99":{:.1f},"max":{:.1f}}}}})",
      sorted.size(), failed(), sent_bytes_, received_bytes_, seconds(ended_at_ - begun_), cpu_seconds(), statuses,
      percentile(sorted, 0.5), percentile(sorted, 0.9), percentile(sorted, 0.99), percentile(sorted, 1));
}

}  // namespace millrace::bench
