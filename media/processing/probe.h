// The probe step: finds out what an uploaded file is. It lays the original (or, of a large one, the ends) into the
// job's own directory, runs ffprobe on it in the jail, and refuses what is no media or more than the operator takes.
// Runs on the job queue's loop; disk work goes to the pool.
#pragma once

#include <cstdint>
#include <string_view>

#include "media/catalog/media.h"
#include "media/processing/steps.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::media {

struct StepResult;
struct StepRun;

inline constexpr std::string_view kProbeKind = "probe";
// Larger files are probed by their first and last half of this; all of it only if that fails.
inline constexpr std::uint64_t kProbeWholeBytes = 64ull << 20;

struct Probed {
  MediaType type = MediaType::kUnknown;
  ProbeResult result;
};

// Reads ffprobe's JSON, which repeats what a hostile file says. kUnprocessable with a reason when it is no media.
rt::Result<Probed> parse_probe(std::string_view json);

// kUnprocessable when it is longer or larger than is taken.
rt::Status check_extent(const Probed& probed, const ProcessingOptions& options);

rt::Task<rt::Result<StepResult>> probe(StepRun run);

}  // namespace millrace::media
