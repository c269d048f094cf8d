// Process: runs a child process on the calling loop and gathers what it says, within limits of time and bytes. The
// child leads a process group of its own, which is killed as a whole at the deadline, on stop, and when too much was
// written. It inherits no descriptor but its three standard ones; its input is empty.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::media {

struct ProcessOptions {
  std::vector<std::string> arguments;    // [0] is the program's absolute path
  std::vector<std::string> environment;  // NAME=value; nothing else is passed on
  std::string directory;                 // to start in; empty: ours
  std::int64_t deadline_ms = 60'000;
  std::size_t stdout_max_bytes = 1 << 20;   // more kills it
  std::size_t stderr_max_bytes = 64 << 10;  // more is dropped
  // Takes what it writes to stdout as it comes, in any pieces; then nothing of it is kept and its length has no limit.
  std::function<void(std::string_view)> on_stdout = {};
};

struct ProcessResult {
  std::int64_t exit_status = 0;
  int signal = 0;  // that ended it; 0: it exited by itself
  std::string stdout_text;
  std::string stderr_text;
  bool timed_out = false;
  bool output_truncated = false;  // it wrote more to stdout than allowed and was killed
  bool stopped = false;           // by ProcessStop
  bool succeeded() const noexcept { return exit_status == 0 && signal == 0 && !timed_out && !output_truncated; }
};

// Kills a running process from elsewhere on the same loop. Lives in the caller's frame, around run_process.
struct ProcessStop {
  std::function<void()> kill;  // set while the process runs
  bool asked = false;
  void ask() {
    asked = true;
    if (kill) kill();
  }
};

// kIo when it cannot be started.
rt::Task<rt::Result<ProcessResult>> run_process(ProcessOptions options, ProcessStop& stop);

}  // namespace millrace::media
