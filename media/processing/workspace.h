// Workspace: the files of running jobs. Each job has a directory of its own that the jail shows its tools; originals
// and renditions are laid into it from the store, results are read back as bytes for the store. What the tools leave
// there is hostile: only plain files are opened. Coroutines on the queue's loop; the disk work goes to the pool.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "media/jail/jail.h"
#include "media/jobs/jobs.h"
#include "server/rt/budget.h"
#include "server/rt/error.h"
#include "server/rt/pool.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// An open file; closes itself.
class JobFile {
 public:
  explicit JobFile(int descriptor) : descriptor_(descriptor) {}
  JobFile(JobFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  JobFile& operator=(JobFile&&) = delete;
  ~JobFile();
  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

struct Kept {
  store::Draft draft;
  std::uint64_t size_bytes = 0;
};

class Workspace {
 public:
  using Path = std::filesystem::path;

  // All outlive it. What an earlier run left below `directory` is removed.
  Workspace(store::Store& store, const Jail& jail, rt::Pool& io, rt::Budget& budget, Path directory);

  // An empty directory for the job. kFull when the disk has no room for `bytes` more.
  rt::Task<rt::Result<Path>> open(std::string job_id, std::uint64_t bytes);
  // kFull when a job has left the disk too little for the store.
  rt::Task<rt::Status> has_room(Path directory);
  rt::Task<void> close(Path directory);

  // A file `bytes` long and full of holes until lay() fills it.
  rt::Task<rt::Result<JobFile>> make_file(Path path, std::uint64_t bytes);
  rt::Task<rt::Status> lay(store::ObjectId object, std::uint64_t offset, std::uint64_t length, int file, JobRun& run);
  // The whole of an object as a new file.
  rt::Task<rt::Status> lay_whole(store::ObjectId object, std::uint64_t bytes, Path path, JobRun& run);

  // Whether a tool left something there.
  rt::Task<bool> holds(Path path);
  // The bytes of a result, on their way into the store. kIo when it is not there or no plain file.
  rt::Task<rt::Result<Kept>> keep(Path path, std::string tenant, JobRun& run);
  // The first `bytes_max` of one.
  rt::Task<rt::Result<std::string>> read_start(Path path, std::size_t bytes_max);

  rt::Pool& io() noexcept { return io_; }

 private:
  store::Store& store_;
  const Jail& jail_;
  rt::Pool& io_;
  rt::Budget& budget_;
  const Path directory_;
};

// The file and its size. kIo when it is no plain file. Blocks briefly.
rt::Result<std::pair<JobFile, std::uint64_t>> open_result(const std::filesystem::path& path);
// Up to `length` bytes from `offset`. Blocks.
std::string read_at(int file, std::uint64_t offset, std::size_t length);

}  // namespace millrace::media
