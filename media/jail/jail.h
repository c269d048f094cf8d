// Jail: where tools for hostile media run. A program in it sees the system's /usr read-only, a small private /tmp and
// its job's directory as /job; no network, no other process, no capability, nothing of our environment; the kernel
// refuses it what no media tool needs (syscall_filter.h); and it has limits on memory, CPU time, file size, open files,
// processes, output and wall-clock time. Made with bubblewrap, seccomp and prlimit. One loop.
//
// What a program leaves in its directory is hostile too: read it without following links.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/jail/process.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::media {

struct JailLimits {
  std::uint64_t memory_bytes = 2ull << 30;  // address space of each process
  std::uint64_t cpu_seconds = 60;
  std::uint64_t file_bytes = 4ull << 30;
  std::uint32_t open_files = 64;
  std::uint32_t processes = 32;  // threads count
  std::int64_t deadline_ms = 60'000;
  std::size_t stdout_max_bytes = 4 << 20;
  std::size_t stderr_max_bytes = 64 << 10;
  // More of the host that the program sees, read-only: what, and where inside ("/engine"). Only with the jail.
  std::vector<std::pair<std::string, std::string>> shown = {};
};

// How little programs in the jail may get in the way of the server itself.
struct JailPriority {
  int nice = 0;                  // 0 to 19
  std::filesystem::path cgroup;  // a cgroup v2 directory they are moved to; empty or absent: ours
};

class Jail {
 public:
  // `enabled` false runs programs with the limits (but for processes) only: the operator's explicit choice for a host
  // that cannot.
  explicit Jail(bool enabled = true, JailPriority priority = {}) : enabled_(enabled), priority_(std::move(priority)) {}

  bool enabled() const noexcept { return enabled_; }
  // Runs `true` in it: kUnavailable with the reason in words when this host does not allow it.
  rt::Task<rt::Status> check();

  // Runs arguments[0] (an absolute path) with `directory` as /job, its working directory. Without the jail /job is not
  // there: use paths relative to it. `on_stdout`: as in ProcessOptions.
  rt::Task<rt::Result<ProcessResult>> run(std::filesystem::path directory, std::vector<std::string> arguments,
                                          JailLimits limits, ProcessStop& stop,
                                          std::function<void(std::string_view)> on_stdout = {});

  // Makes an empty directory that programs in the jail may write. Blocks briefly.
  rt::Status make_directory(const std::filesystem::path& directory) const;

 private:
  const bool enabled_;
  const JailPriority priority_;
};

}  // namespace millrace::media
