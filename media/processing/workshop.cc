#include "media/processing/workshop.h"

#include "media/processing/watch.h"

namespace millrace::media {
namespace {

// A quota is not cured by trying again.
rt::Error told(rt::Error error) {
  if (error.code == rt::Code::kQuotaExceeded) error.code = rt::Code::kUnprocessable;
  return error;
}

// As long as the store does not say otherwise.
rt::Task<bool> is_wanted(Workshop& shop, Stage stage, const Job& job) {
  auto media = co_await shop.flow.get(job.tenant, job.subject);
  if (media) co_return is_next(*media, stage, job.id);
  co_return media.error().code != rt::Code::kNotFound;
}

}  // namespace

rt::Task<rt::Status> run_step(Workshop& shop, Step step, JobRun& job) {
  auto media = co_await shop.flow.get(job.job().tenant, job.job().subject);
  if (!media) co_return rt::pass(media);
  if (!is_next(*media, step.stage, job.job().id)) co_return rt::Status();
  auto directory = co_await shop.workspace.open(job.job().id, step.room(*media));
  if (!directory) co_return rt::pass(directory);
  Watch watch(shop.jobs, job, [&] { return is_wanted(shop, step.stage, job.job()); });
  auto result = co_await step.work(StepRun{shop, *media, *directory, job});
  co_await watch.end();
  co_await shop.workspace.close(*directory);
  if (!result) co_return std::unexpected(told(std::move(result.error())));
  co_return co_await shop.flow.finish(job.job(), step.stage, std::move(*result));
}

}  // namespace millrace::media
