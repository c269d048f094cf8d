// Probe: the job that finds out what an uploaded file is. It lays the original (or, of a large one, the ends) into the
// job's own directory, runs ffprobe on it in the jail, and turns the media ready with what was found, or errored with
// the reason in words. Runs on the job queue's loop; disk work goes to the pool.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "media/catalog/catalog.h"
#include "media/catalog/media.h"
#include "media/jail/jail.h"
#include "media/jobs/jobs.h"
#include "server/rt/error.h"
#include "server/rt/pool.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

inline constexpr std::string_view kProbeKind = "probe";
// Larger files are probed by their first and last half of this; all of it only if that fails.
inline constexpr std::uint64_t kProbeWholeBytes = 64ull << 20;

struct Probed {
  MediaType type = MediaType::kUnknown;
  ProbeResult result;
};

// Reads ffprobe's JSON, which repeats what a hostile file says. kUnprocessable with a reason when it is no media.
rt::Result<Probed> parse_probe(std::string_view json);

class Probe {
 public:
  // All outlive it. `directory`: job directories are made below it, and what an earlier run left there is removed.
  Probe(store::Store& store, Catalog& catalog, Jail& jail, rt::Pool& io, std::filesystem::path directory,
        std::string ffprobe = "/usr/bin/ffprobe");

  JobKind kind();

 private:
  rt::Task<rt::Status> run(JobRun& run);
  rt::Task<rt::Result<Probed>> examine(const Media& media, const std::filesystem::path& directory, JobRun& run);
  rt::Task<rt::Result<Probed>> ffprobe(const std::filesystem::path& directory, JobRun& run);
  rt::Task<rt::Status> copy_range(store::ObjectId object, std::uint64_t offset, std::uint64_t length, int file,
                                  JobRun& run);
  rt::Task<rt::Status> mark_errored(const Job& job, std::string reason);

  store::Store& store_;
  Catalog& catalog_;
  Jail& jail_;
  rt::Pool& io_;
  const std::filesystem::path directory_;
  const std::string ffprobe_;
};

}  // namespace millrace::media
