#include "media/jail/process.h"

#include <linux/close_range.h>
#include <signal.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <chrono>
#include <cstring>

#include "server/rt/event.h"
#include "server/rt/timer.h"

namespace millrace::media {
namespace {

// How long the pipes may stay open after the process has ended and its group was killed.
constexpr std::chrono::milliseconds kPipesLingerMs{1'000};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// One run: its handles must be closed before it goes, so it lives in run_process's frame until gone_ is set.
class Run {
 public:
  Run(ProcessOptions& options, ProcessStop& stop)
      : options_(options),
        stop_(stop),
        deadline_([this] {
          result_.timed_out = true;
          kill_group();
        }),
        linger_([this] { close_pipes(); }) {}

  rt::Status start();
  // Until it has ended and everything it said was read.
  rt::Task<ProcessResult> finish();

 private:
  struct Output {
    uv_pipe_t pipe;
    Run* run = nullptr;
    std::string* text = nullptr;
    std::size_t max_bytes = 0;
    bool kills = false;  // too much of it ends the process
    bool open = false;
    std::array<char, 16384> buffer;
  };

  uv_stream_t* stream(Output& output) { return reinterpret_cast<uv_stream_t*>(&output.pipe); }
  void read_from(Output& output, std::string& text, std::size_t max_bytes, bool kills);
  void on_read(Output& output, ssize_t bytes);
  void on_exit(std::int64_t status, int signal);
  void kill_group();
  void close_pipes();
  void close(Output& output);
  void closed_one();

  ProcessOptions& options_;
  ProcessStop& stop_;
  ProcessResult result_;
  uv_process_t process_ = {};
  Output stdout_;
  Output stderr_;
  int open_handles_ = 0;
  bool running_ = false;
  rt::Event gone_;
  rt::Timer deadline_;
  rt::Timer linger_;
};

rt::Status Run::start() {
  // Ours are closed on exec already; these are what whoever started us left open.
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  uv_loop_t* loop = rt::Loop::current().uv();
  for (Output* output : {&stdout_, &stderr_}) {
    uv_pipe_init(loop, &output->pipe, 0);
    output->pipe.data = output;
    output->run = this;
    output->open = true;
    ++open_handles_;
  }
  std::array<uv_stdio_container_t, 3> stdio = {};
  stdio[0].flags = UV_IGNORE;
  stdio[1].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
  stdio[1].data.stream = stream(stdout_);
  stdio[2].flags = stdio[1].flags;
  stdio[2].data.stream = stream(stderr_);

  auto arguments = pointers(options_.arguments);
  auto environment = pointers(options_.environment);
  uv_process_options_t spawn = {};
  spawn.file = options_.arguments.front().c_str();
  spawn.args = arguments.data();
  spawn.env = environment.data();
  spawn.cwd = options_.directory.empty() ? nullptr : options_.directory.c_str();
  spawn.flags = UV_PROCESS_DETACHED;
  spawn.stdio = stdio.data();
  spawn.stdio_count = static_cast<int>(stdio.size());
  spawn.exit_cb = [](uv_process_t* process, std::int64_t status, int signal) {
    static_cast<Run*>(process->data)->on_exit(status, signal);
  };
  process_.data = this;
  ++open_handles_;
  if (const int error = uv_spawn(loop, &process_, &spawn); error != 0) {
    uv_close(reinterpret_cast<uv_handle_t*>(&process_),
             [](uv_handle_t* handle) { static_cast<Run*>(handle->data)->closed_one(); });
    close_pipes();
    return rt::fail(rt::Code::kIo, "cannot start " + options_.arguments.front() + ": " + uv_strerror(error));
  }
  running_ = true;
  read_from(stdout_, result_.stdout_text, options_.stdout_max_bytes, true);
  read_from(stderr_, result_.stderr_text, options_.stderr_max_bytes, false);
  deadline_.set(std::chrono::milliseconds(options_.deadline_ms));
  stop_.kill = [this] {
    result_.stopped = true;
    kill_group();
  };
  if (stop_.asked) stop_.kill();
  return {};
}

rt::Task<ProcessResult> Run::finish() {
  while (open_handles_ > 0) co_await gone_.wait();
  stop_.kill = nullptr;
  co_return std::move(result_);
}

void Run::read_from(Output& output, std::string& text, std::size_t max_bytes, bool kills) {
  output.text = &text;
  output.max_bytes = max_bytes;
  output.kills = kills;
  const auto allocate = [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    auto& bytes = static_cast<Output*>(handle->data)->buffer;
    *buffer = uv_buf_init(bytes.data(), bytes.size());
  };
  const auto read = [](uv_stream_t* from, ssize_t bytes, const uv_buf_t*) {
    auto& source = *static_cast<Output*>(from->data);
    source.run->on_read(source, bytes);
  };
  uv_read_start(stream(output), allocate, read);
}

void Run::on_read(Output& output, ssize_t bytes) {
  if (bytes < 0) return close(output);
  if (&output == &stdout_ && options_.on_stdout) {
    return options_.on_stdout({output.buffer.data(), static_cast<std::size_t>(bytes)});
  }
  const std::size_t room = output.max_bytes - output.text->size();
  const std::size_t taken = std::min(room, static_cast<std::size_t>(bytes));
  output.text->append(output.buffer.data(), taken);
  if (taken < static_cast<std::size_t>(bytes) && output.kills) {
    result_.output_truncated = true;
    kill_group();
  }
}

void Run::on_exit(std::int64_t status, int signal) {
  result_.exit_status = status;
  result_.signal = signal;
  // What it left behind must not outlive it.
  kill_group();
  running_ = false;
  deadline_.cancel();
  linger_.set(kPipesLingerMs);
  uv_close(reinterpret_cast<uv_handle_t*>(&process_),
           [](uv_handle_t* handle) { static_cast<Run*>(handle->data)->closed_one(); });
}

void Run::kill_group() {
  if (running_) ::kill(-process_.pid, SIGKILL);
}

void Run::close_pipes() {
  close(stdout_);
  close(stderr_);
}

void Run::close(Output& output) {
  if (!std::exchange(output.open, false)) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&output.pipe),
           [](uv_handle_t* handle) { static_cast<Output*>(handle->data)->run->closed_one(); });
}

void Run::closed_one() {
  if (--open_handles_ == 0) gone_.set();
}

}  // namespace

rt::Task<rt::Result<ProcessResult>> run_process(ProcessOptions options, ProcessStop& stop) {
  Run run(options, stop);
  rt::Status started = run.start();
  ProcessResult result = co_await run.finish();
  if (!started) co_return rt::pass(started);
  co_return result;
}

}  // namespace millrace::media
