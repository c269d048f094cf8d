#include "server/ops/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::ops {
namespace {

using testing::HasSubstr;
using testing::Not;

http::Outcome outcome(int status, std::uint64_t sent_bytes = 0, std::string_view error = {}) {
  return {status, sent_bytes, 0, error};
}

TEST(Metrics, AddsUpWhatTheLoopsCounted) {
  Metrics metrics(2, {"/healthz", "/v2/uploads"});
  metrics.of_loop(0).request(metrics.route_index("/healthz"), outcome(200, 3), 400);
  metrics.of_loop(1).request(metrics.route_index("/healthz"), outcome(204), 2'000'000);
  metrics.of_loop(1).request(metrics.route_index("/nowhere"), outcome(499, 0, "gone"), 90'000'000);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("# TYPE millrace_requests_total counter"));
  EXPECT_THAT(text, HasSubstr("millrace_requests_total{route=\"/healthz\",status=\"2xx\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("millrace_requests_total{route=\"other\",status=\"4xx\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("route=\"/v2/uploads\"")));
  EXPECT_THAT(text, HasSubstr("millrace_sent_bytes_total 3\n"));
  EXPECT_THAT(text, HasSubstr("millrace_requests_aborted_total 1\n"));
}

TEST(Metrics, BucketsAreCumulative) {
  Metrics metrics(1, {});
  for (const std::int64_t took_us : {400, 2'000'000, 90'000'000}) metrics.of_loop(0).request(0, outcome(200), took_us);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("millrace_request_seconds_bucket{le=\"0.0005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("millrace_request_seconds_bucket{le=\"2.5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("millrace_request_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("millrace_request_seconds_count 3\n"));
}

TEST(Metrics, SourcesAreAskedAtEachScrape) {
  Metrics metrics(1, {});
  double value = 1;
  metrics.add_source([&](std::vector<Sample>& samples) {
    samples.push_back({"millrace_thing", "A thing.", false, value, {{"kind", "a"}}});
    samples.push_back({"millrace_thing", "A thing.", false, 7, {{"kind", "b"}}});
  });
  EXPECT_THAT(metrics.render(), HasSubstr("millrace_thing{kind=\"a\"} 1\nmillrace_thing{kind=\"b\"} 7\n"));
  value = 2;
  EXPECT_THAT(metrics.render(), HasSubstr("# TYPE millrace_thing gauge\nmillrace_thing{kind=\"a\"} 2\n"));
}

}  // namespace
}  // namespace millrace::ops
