#include "server/ops/recorder.h"

#include <chrono>

namespace millrace::ops {
namespace {

std::int64_t monotonic_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace

rt::Task<http::Response> Recorder::answer(http::Exchange& exchange) {
  if (exchange.started_us == 0) exchange.started_us = monotonic_us();
  return inner_.answer(exchange);
}

void Recorder::finished(const http::Exchange& exchange, const http::Outcome& outcome) {
  const std::int64_t took_us = monotonic_us() - exchange.started_us;
  counts_.request(metrics_.route_index(exchange.route), outcome, took_us);
  if (log_) log_->add(exchange, outcome, took_us);
  inner_.finished(exchange, outcome);
}

}  // namespace millrace::ops
