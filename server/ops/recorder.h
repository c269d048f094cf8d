// Recorder: a service around the service, which counts and logs how every exchange ended. One per loop.
#pragma once

#include "server/http/message.h"
#include "server/ops/log.h"
#include "server/ops/metrics.h"

namespace millrace::ops {

class Recorder final : public http::Service {
 public:
  // All outlive it; `log` may be null.
  Recorder(http::Service& inner, const Metrics& metrics, LoopMetrics& counts, RequestLog* log)
      : inner_(inner), metrics_(metrics), counts_(counts), log_(log) {}

  rt::Task<http::Response> answer(http::Exchange& exchange) override;
  void finished(const http::Exchange& exchange, const http::Outcome& outcome) override;

 private:
  http::Service& inner_;
  const Metrics& metrics_;
  LoopMetrics& counts_;
  RequestLog* log_;
};

}  // namespace millrace::ops
