#include "server/ops/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>

namespace millrace::ops {
namespace {

constexpr const char* kOtherRoute = "other";
constexpr std::array<const char*, 5> kStatusClassNames = {"1xx", "2xx", "3xx", "4xx", "5xx"};

std::size_t status_class(int status) noexcept { return static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1); }

std::size_t latency_bucket(std::int64_t took_us) noexcept {
  const double seconds = static_cast<double>(took_us) / 1e6;
  return static_cast<std::size_t>(std::ranges::lower_bound(kLatencyBucketsSeconds, seconds) -
                                  kLatencyBucketsSeconds.begin());
}

using Families = std::vector<prometheus::MetricFamily>;

prometheus::MetricFamily& family_of(Families& families, const Sample& sample) {
  const auto found = std::ranges::find(families, sample.name, &prometheus::MetricFamily::name);
  if (found != families.end()) return *found;
  const auto type = sample.counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  return families.emplace_back(prometheus::MetricFamily{sample.name, sample.help, type, {}});
}

void add_sample(Families& families, const Sample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  (sample.counter ? metric.counter.value : metric.gauge.value) = sample.value;
  family_of(families, sample).metric.push_back(std::move(metric));
}

}  // namespace

void LoopMetrics::request(std::size_t route, const http::Outcome& outcome, std::int64_t took_us) noexcept {
  by_route_[route][status_class(outcome.status)].add(1);
  latency_[latency_bucket(took_us)].add(1);
  latency_us_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(took_us, 0)));
  received_bytes_.add(outcome.received_bytes);
  sent_bytes_.add(outcome.sent_bytes);
  if (!outcome.error.empty()) aborted_.add(1);
}

Metrics::Metrics(std::size_t loops, const std::vector<std::string>& routes) {
  for (const std::string& route : routes) {
    if (index_.try_emplace(route, routes_.size()).second) routes_.push_back(route);
  }
  routes_.emplace_back(kOtherRoute);
  for (std::size_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<LoopMetrics>(routes_.size()));
}

std::size_t Metrics::route_index(std::string_view pattern) const noexcept {
  const auto found = index_.find(pattern);
  return found == index_.end() ? routes_.size() - 1 : found->second;
}

std::string Metrics::render() const {
  std::vector<Sample> samples;
  const auto total = [&](auto member) {
    double sum = 0;
    for (const auto& loop : loops_) sum += static_cast<double>(member(*loop).get());
    return sum;
  };
  for (std::size_t route = 0; route < routes_.size(); ++route) {
    for (std::size_t status = 0; status < kStatusClassNames.size(); ++status) {
      const double count =
          total([&](const LoopMetrics& loop) -> const Count& { return loop.by_route_[route][status]; });
      if (count == 0) continue;
      samples.push_back({"millrace_requests_total",
                         "Requests answered, by route and class of status.",
                         true,
                         count,
                         {{"route", routes_[route]}, {"status", kStatusClassNames[status]}}});
    }
  }
  samples.push_back({"millrace_requests_aborted_total", "Requests that ended before their answer was sent.", true,
                     total([](const LoopMetrics& loop) -> const Count& { return loop.aborted_; })});
  samples.push_back({"millrace_received_bytes_total", "Request body bytes received.", true,
                     total([](const LoopMetrics& loop) -> const Count& { return loop.received_bytes_; })});
  samples.push_back({"millrace_sent_bytes_total", "Response body bytes sent.", true,
                     total([](const LoopMetrics& loop) -> const Count& { return loop.sent_bytes_; })});
  for (const Source& source : sources_) source(samples);

  Families families;
  for (const Sample& sample : samples) add_sample(families, sample);

  prometheus::ClientMetric latency;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= kLatencyBucketsSeconds.size(); ++i) {
    cumulative +=
        static_cast<std::uint64_t>(total([&](const LoopMetrics& loop) -> const Count& { return loop.latency_[i]; }));
    const double bound =
        i < kLatencyBucketsSeconds.size() ? kLatencyBucketsSeconds[i] : std::numeric_limits<double>::infinity();
    latency.histogram.bucket.push_back({cumulative, bound});
  }
  latency.histogram.sample_count = cumulative;
  latency.histogram.sample_sum = total([](const LoopMetrics& loop) -> const Count& { return loop.latency_us_; }) / 1e6;
  families.push_back({"millrace_request_seconds",
                      "Time from a request's first byte to its answer's last.",
                      prometheus::MetricType::Histogram,
                      {latency}});

  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return text.str();
}

}  // namespace millrace::ops
