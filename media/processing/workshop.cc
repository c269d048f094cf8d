#include "media/processing/workshop.h"

#include "media/processing/watch.h"

namespace millrace::media {
namespace {

// A quota is not cured by trying again.
rt::Error told(rt::Error error) {
  if (error.code == rt::Code::kQuotaExceeded) error.code = rt::Code::kUnprocessable;
  return error;
}

}  // namespace

rt::Task<rt::Status> run_step(Workshop& shop, Step step, JobRun& job) {
  auto media = co_await shop.flow.get(job.job().tenant, job.job().subject);
  if (!media) co_return rt::pass(media);
  if (!is_at(*media, step.stage)) co_return rt::Status();
  auto directory = co_await shop.workspace.open(job.job().id, step.room(*media));
  if (!directory) co_return rt::pass(directory);
  Watch watch(shop, step.stage, job);
  auto result = co_await step.work(StepRun{shop, *media, *directory, job});
  co_await watch.end();
  co_await shop.workspace.close(*directory);
  if (!result) co_return std::unexpected(told(std::move(result.error())));
  co_return co_await shop.flow.finish(job.job(), step.stage, std::move(*result));
}

}  // namespace millrace::media
