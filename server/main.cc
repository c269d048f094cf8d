// millrace: the program. Takes the command line apart, runs the one command, and while serving waits for signals on the
// main thread: SIGTERM and SIGINT drain, SIGHUP rereads certificates and the log level.
#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>

#include "server/app.h"
#include "server/ops/cli.h"
#include "server/ops/config.h"
#include "server/ops/control.h"
#include "server/ops/log.h"
#include "server/rt/bus_guard.h"
#include "store/check.h"
#include "store/disk.h"

extern char** environ;

namespace millrace {
namespace {

using ops::Level;

constexpr int kFailed = 1;
constexpr int kNotChecked = 2;
// What a drain may take beyond its limit before the process ends anyhow.
constexpr std::int64_t kDrainGraceMs = 10'000;

ops::Environment environment() {
  ops::Environment entries;
  for (char** entry = environ; *entry; ++entry) entries.emplace_back(*entry);
  return entries;
}

int fail(const std::string& message) {
  fmt::print(stderr, "millrace: {}\n", message);
  return kFailed;
}

// The command line wins over the environment, which wins over the file.
rt::Result<ops::Config> config_of(const ops::ServeCommand& command) {
  ops::Environment entries = environment();
  if (command.data) entries.push_back("MILLRACE_STORE_DIRECTORY=" + *command.data);
  if (command.listen) entries.push_back("MILLRACE_SERVER_LISTEN=" + *command.listen);
  if (command.tls_listen) entries.push_back("MILLRACE_SERVER_TLS_LISTEN=" + *command.tls_listen);
  return ops::load_config(command.config, entries);
}

// Each connection is a descriptor; the usual soft limit of 1024 is soon used up.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The signals the main thread waits for; SIGUSR1 is a loop telling that it has ended.
sigset_t awaited_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, number);
  return signals;
}

void reload(App& app, ops::Log& log, const ops::ServeCommand& command) {
  if (const auto config = config_of(command)) {
    log.set_level(ops::level_of(config->log.level));
  } else {
    log.write(Level::kError, "the configuration cannot be read again", {{"error", config.error().message}});
  }
  if (const auto reloaded = app.reload()) {
    log.write(Level::kInfo, "certificates were read again");
  } else {
    log.write(Level::kError, "the certificate cannot be used; the old one stays",
              {{"error", reloaded.error().message}});
  }
}

// True when everything ended within the limit; a second SIGTERM or SIGINT cuts it short.
bool drain(App& app, const sigset_t& signals, std::int64_t limit_ms) {
  app.drain();
  const std::time_t deadline = std::time(nullptr) + (limit_ms + kDrainGraceMs) / 1000;
  while (!app.drained()) {
    const timespec wait{std::max<std::time_t>(deadline - std::time(nullptr), 0), 0};
    const int number = sigtimedwait(&signals, nullptr, &wait);
    if (number == SIGTERM || number == SIGINT || (number < 0 && std::time(nullptr) >= deadline)) return false;
  }
  return true;
}

void wait_for_the_end(App& app, ops::Log& log, const ops::ServeCommand& command, const sigset_t& signals) {
  for (;;) {
    int number = 0;
    sigwait(&signals, &number);
    if (number == SIGTERM || number == SIGINT) return;
    if (number == SIGHUP) reload(app, log, command);
  }
}

int serve(const ops::ServeCommand& command, const ops::Config& config, ops::Log& log) {
  const sigset_t signals = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  rt::install_bus_guard();
  raise_descriptor_limit();

  const pthread_t main_thread = pthread_self();
  auto app = App::start(config, log, [main_thread] { pthread_kill(main_thread, SIGUSR1); });
  if (!app) return fail(app.error().message);
  const std::string ready = ops::render((*app)->whereabouts(), getpid());
  const std::filesystem::path server_file = std::filesystem::path(config.store.directory) / "server.json";
  for (const auto& file : {std::optional(server_file), command.ready_file}) {
    if (!file) continue;
    if (auto written = ops::write_whole(*file, ready); !written) log.write(Level::kError, written.error().message);
  }
  log.write(
      Level::kInfo, "serving",
      {{"listen", (*app)->whereabouts().listen}, {"tls", (*app)->whereabouts().tls}, {"version", MILLRACE_VERSION}});

  wait_for_the_end(**app, log, command, signals);
  log.write(Level::kInfo, "draining");
  std::error_code ignored;
  std::filesystem::remove(server_file, ignored);
  if (!drain(**app, signals, config.server.drain_ms)) {
    log.write(Level::kError, "the drain was cut short");
    std::fflush(nullptr);
    _exit(kFailed);
  }
  app->reset();
  log.write(Level::kInfo, "ended");
  return 0;
}

int run(const ops::ServeCommand& command) {
  const auto config = config_of(command);
  if (!config) return fail(config.error().message);
  ops::Log log(config->log.format == "json", ops::level_of(config->log.level));
  return serve(command, *config, log);
}

int run(const ops::KeyCommand& command) {
  const auto text = ops::run_key_command(command);
  if (!text) return fail(text.error().message);
  fmt::print("{}", *text);
  return 0;
}

// What `millrace check` prints: the counts, then a line per problem.
void print_report(const store::CheckReport& report) {
  fmt::print("{} segments, {} records, {} chunks, {} objects, {} bytes verified\n", report.segments, report.records,
             report.chunks, report.objects, report.verified_bytes);
  if (report.orphan_chunks > 0) {
    fmt::print("{} chunks with {} bytes belong to nothing; their space is given back\n", report.orphan_chunks,
               report.orphan_bytes);
  }
  if (report.index_rebuilt) fmt::print("the index was rebuilt\n");
  for (const std::string& note : report.notes) fmt::print("note: {}\n", note);
  for (const std::string& problem : report.problems) fmt::print("problem: {}\n", problem);
  fmt::print("{}\n", report.clean() ? "clean" : "DAMAGED");
}

int run(const ops::CheckCommand& command) {
  const auto disk = store::posix_disk();
  const auto report = store::check(command.data, *disk, command.repair);
  if (!report) {
    fail(report.error().message);
    return kNotChecked;
  }
  print_report(*report);
  return report->clean() ? 0 : kFailed;
}

int run(ops::VersionCommand) {
  fmt::print("millrace {}\n", MILLRACE_VERSION);
  return 0;
}

int run(ops::ConfigCommand) {
  fmt::print("{}", ops::documented_config());
  return 0;
}

int run(ops::NoCommand command) { return command.exit_code; }

}  // namespace
}  // namespace millrace

int main(int argc, char** argv) {
  const auto command = millrace::ops::parse_command_line(argc, argv);
  return std::visit([](const auto& chosen) { return millrace::run(chosen); }, command);
}
