// Workshop: what every step of processing works with, and what every step does around its own work: look whether it is
// still wanted, stop when it is not any more, have a directory, commit what was made, leave nothing behind. On the
// queue's loop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "media/catalog/media.h"
#include "media/jail/jail.h"
#include "media/jobs/jobs.h"
#include "media/processing/flow.h"
#include "media/processing/steps.h"
#include "media/processing/workspace.h"
#include "media/records/clock.h"
#include "media/tenants/encode_minutes.h"
#include "server/rt/budget.h"
#include "server/rt/error.h"
#include "server/rt/pool.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

struct Workshop {
  // All outlive it. `directory`: for the jobs' files; what an earlier run left there is removed.
  Workshop(store::Store& of, const Tenants& tenants, Jobs& queue, Jail& tools_jail, rt::Pool& io, rt::Budget& budget,
           std::filesystem::path directory, ProcessingOptions choices = {}, Clock time = system_clock_ms)
      : store(of),
        jobs(queue),
        jail(tools_jail),
        options(std::move(choices)),
        workspace(of, tools_jail, io, budget, std::move(directory)),
        flow(of, queue, options, time),
        minutes(of, tenants, time) {}

  store::Store& store;
  Jobs& jobs;
  Jail& jail;
  const ProcessingOptions options;
  Workspace workspace;
  Flow flow;
  EncodeMinutes minutes;
};

// One attempt of a step.
struct StepRun {
  Workshop& shop;
  const Media& media;
  const std::filesystem::path& directory;
  JobRun& job;
};

struct Step {
  Stage stage = Stage::kProbe;
  rt::Task<rt::Result<StepResult>> (*work)(StepRun run) = nullptr;
  // Bytes its files will take.
  std::uint64_t (*room)(const Media& media) = nullptr;
};

rt::Task<rt::Status> run_step(Workshop& shop, Step step, JobRun& job);

}  // namespace millrace::media
