#include "media/processing/tool.h"

#include <algorithm>

namespace millrace::media {
namespace {

constexpr std::size_t kComplaintMaxBytes = 300;
// A shell's way of telling the signal that ended a program; bubblewrap tells it so too.
constexpr std::int64_t kSignalStatus = 128;

std::unexpected<rt::Error> too_much(const JobRun& run, std::string message) {
  return rt::fail(run.job().attempt <= 1 ? rt::Code::kTimeout : rt::Code::kUnprocessable, std::move(message));
}

std::string with_complaint(const std::string& doing, const std::string& complaint) {
  return complaint.empty() ? doing : doing + ": " + complaint;
}

}  // namespace

std::string complaint_of(const std::string& stderr_text) {
  std::string_view text = stderr_text;
  if (text.find("not on whitelist") != std::string_view::npos) {
    return "it is a playlist, a list of files or of another kind that is not taken";
  }
  const std::size_t last = text.find_last_not_of(" \n\r");
  text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
  const std::size_t line = text.rfind('\n');
  if (line != std::string_view::npos) text.remove_prefix(line + 1);
  std::string complaint(text.substr(0, kComplaintMaxBytes));
  std::ranges::replace_if(complaint, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return complaint;
}

rt::Task<rt::Result<ProcessResult>> run_tool(Jail& jail, std::filesystem::path directory, Tool tool, JobRun& run) {
  ProcessStop stop;
  co_return co_await run_tool(jail, std::move(directory), std::move(tool), run, stop);
}

rt::Task<rt::Result<ProcessResult>> run_tool(Jail& jail, std::filesystem::path directory, Tool tool, JobRun& run,
                                             ProcessStop& stop) {
  run.on_stop([&stop] { stop.ask(); });
  auto ran =
      co_await jail.run(std::move(directory), std::move(tool.command), tool.limits, stop, std::move(tool.on_stdout));
  run.on_stop({});
  if (!ran) co_return rt::pass(ran);
  if (ran->stopped) co_return rt::fail(rt::Code::kCancelled, "the job was stopped");
  if (ran->timed_out) co_return too_much(run, tool.doing + ": it takes longer than is allowed");
  if (ran->output_truncated) co_return rt::fail(rt::Code::kUnprocessable, tool.doing + ": it says more than is read");
  if (ran->succeeded()) co_return ran;
  if (ran->signal != 0 || ran->exit_status > kSignalStatus) {
    co_return too_much(run, tool.doing + ": it takes more time or memory than is allowed");
  }
  co_return rt::fail(rt::Code::kUnprocessable, with_complaint(tool.doing, complaint_of(ran->stderr_text)));
}

}  // namespace millrace::media
