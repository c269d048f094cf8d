#include "media/processing/pipeline.h"

#include "media/processing/probe.h"
#include "media/processing/work.h"

namespace millrace::media {
namespace {

// Beyond the tools' own deadline, for the bytes that go in and out.
constexpr std::int64_t kLeaseBeyondMs = 3'600'000;

// The ends of a large file are read first, but all of it may be needed: the file has holes until then.
std::uint64_t room_for_original(const Media& media) { return media.size_bytes; }
// Renditions are smaller than what they are made of, but for small sources of little quality.
std::uint64_t room_for_files(const Media& media) { return media.size_bytes * 2; }

JobKind kind_of_step(Workshop& shop, Step step, std::uint32_t concurrency, std::uint32_t attempts_max) {
  JobKind kind;
  kind.run = [&shop, step](JobRun& job) { return run_step(shop, step, job); };
  kind.gave_up = [&shop, stage = step.stage](const Job& job, const rt::Error& error) {
    return shop.flow.fail(job, stage, error.message);
  };
  kind.concurrency = concurrency;
  kind.attempts_max = attempts_max;
  kind.lease_ms = shop.options.encode_ms_max + kLeaseBeyondMs;
  return kind;
}

}  // namespace

void add_pipeline(Jobs& jobs, Workshop& shop, PipelineLimits limits) {
  const auto add = [&](std::string_view name, Step step, std::uint32_t concurrency) {
    jobs.add_kind(std::string(name), kind_of_step(shop, step, concurrency, limits.attempts_max));
  };
  add(kProbeKind, {Stage::kProbe, probe, room_for_original}, limits.jobs_max);
  add(kThumbnailsKind, {Stage::kThumbnails, make_thumbnails, room_for_original}, limits.jobs_max);
  add(kEncodeKind, {Stage::kEncode, make_files, room_for_files}, limits.encodes_max);
  add(kPackageKind, {Stage::kPackage, make_tracks, room_for_files}, limits.jobs_max);
}

}  // namespace millrace::media
