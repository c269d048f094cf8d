// Pipeline: the steps of processing as kinds of jobs.
#pragma once

#include <cstdint>

#include "media/jobs/jobs.h"
#include "media/processing/workshop.h"

namespace millrace::media {

struct PipelineLimits {
  std::uint32_t jobs_max = 2;  // of each kind but encodes
  std::uint32_t encodes_max = 1;
  std::uint32_t attempts_max = 5;
};

// Before the queue runs; `shop` outlives it.
void add_pipeline(Jobs& jobs, Workshop& shop, PipelineLimits limits);

}  // namespace millrace::media
