#include "media/processing/metered_tool.h"

#include <algorithm>
#include <chrono>
#include <optional>

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
  ProcessStop stop;
  std::optional<rt::Error> refusal = {};  // why it was stopped from here
};

// Says how far it is, and whether the disk has room for the tool to go on.
rt::Task<rt::Status> look_after(StepRun run, std::uint32_t percent) {
  auto media = co_await run.shop.flow.get(run.media.tenant, run.media.id);
  if (media && media->progress_percent < percent) {
    co_await run.shop.flow.note(run.job.job(), run.media.stage, [percent](Media& edited) {
      edited.progress_percent = std::max(edited.progress_percent, percent);
    });
  }
  co_return co_await run.shop.workspace.has_room(run.directory);
}

// Progress is no promise: what cannot be written now is written with the next.
rt::Task<void> report(StepRun run, Meter& meter, std::int64_t whole_ms, std::uint32_t percent_max) {
  Steady::time_point last = Steady::now();
  while (!meter.ended) {
    co_await meter.heard.wait();
    const std::uint32_t percent = percent_of(meter.reader.out_time_ms(), whole_ms, percent_max);
    if (meter.ended || meter.refusal || Steady::now() - last < kReportEvery) continue;
    last = Steady::now();
    co_await run.job.progress(percent_of(meter.reader.out_time_ms(), whole_ms, 100));
    rt::Status good = co_await look_after(run, percent);
    if (good) continue;
    meter.refusal = std::move(good.error());
    meter.stop.ask();
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
  auto ran = co_await run_tool(run.shop.jail, run.directory, std::move(tool), run.job, meter.stop);
  meter.ended = true;
  meter.heard.set();
  co_await scope.join();
  if (meter.refusal && !run.job.stopping()) co_return std::unexpected(std::move(*meter.refusal));
  co_return ran;
}

}  // namespace millrace::media
