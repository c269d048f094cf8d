// Running one media tool of a job in the jail, and turning how it ended into an outcome in words. On the queue's loop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "media/jail/jail.h"
#include "media/jobs/jobs.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::media {

struct Tool {
  std::vector<std::string> command;
  JailLimits limits = {};
  std::function<void(std::string_view)> on_stdout = {};
  std::string doing = "the file cannot be read";  // what a complaint of the tool begins with
};

// What it said when it succeeded. kUnprocessable with its complaint when it refused the file. When time or memory ran
// out, or it crashed: kTimeout the first time, since the host may have been busy, then kUnprocessable.
rt::Task<rt::Result<ProcessResult>> run_tool(Jail& jail, std::filesystem::path directory, Tool tool, JobRun& run);
// As above; `stop` ends it from elsewhere, kCancelled.
rt::Task<rt::Result<ProcessResult>> run_tool(Jail& jail, std::filesystem::path directory, Tool tool, JobRun& run,
                                             ProcessStop& stop);

// The last thing a tool complained of, short and without control characters.
std::string complaint_of(const std::string& stderr_text);

}  // namespace millrace::media
