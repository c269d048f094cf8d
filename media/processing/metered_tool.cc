#include "media/processing/metered_tool.h"

#include <algorithm>
#include <chrono>

#include "media/processing/progress.h"
#include "server/rt/event.h"

namespace millrace::media {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kReportEvery{1};

struct Meter {
  ProgressReader reader;
  rt::Event heard;
  bool ended = false;
};

// Progress is no promise: what cannot be written now is written with the next.
rt::Task<void> report(StepRun run, Meter& meter, std::int64_t whole_ms, std::uint32_t percent_max) {
  std::uint32_t written = 0;
  Steady::time_point last = Steady::now();
  while (!meter.ended) {
    co_await meter.heard.wait();
    const std::uint32_t percent = percent_of(meter.reader.out_time_ms(), whole_ms, percent_max);
    if (meter.ended || percent <= written || Steady::now() - last < kReportEvery) continue;
    written = percent;
    last = Steady::now();
    co_await run.job.progress(percent_of(meter.reader.out_time_ms(), whole_ms, 100));
    co_await run.shop.flow.note(run.job.job(), run.media.stage, [percent](Media& media) {
      media.progress_percent = std::max(media.progress_percent, percent);
    });
  }
}

}  // namespace

rt::Task<rt::Result<ProcessResult>> run_metered(StepRun run, Tool tool, std::int64_t whole_ms,
                                                std::uint32_t percent_max) {
  Meter meter;
  tool.on_stdout = [&meter](std::string_view piece) {
    meter.reader.feed(piece);
    meter.heard.set();
  };
  rt::Scope scope;
  scope.spawn(report(run, meter, whole_ms, percent_max));
  auto ran = co_await run_tool(run.shop.jail, run.directory, std::move(tool), run.job);
  meter.ended = true;
  meter.heard.set();
  co_await scope.join();
  co_return ran;
}

}  // namespace millrace::media
