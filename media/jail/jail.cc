#include "media/jail/jail.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <system_error>

#include "media/jail/syscall_filter.h"

namespace millrace::media {
namespace {

constexpr const char* kPrlimit = "/usr/bin/prlimit";
constexpr const char* kBubblewrap = "/usr/bin/bwrap";
constexpr const char* kSetpriv = "/usr/bin/setpriv";
constexpr const char* kNice = "/usr/bin/nice";
constexpr const char* kShell = "/usr/bin/sh";
constexpr const char* kTrue = "/usr/bin/true";

void add(std::vector<std::string>& to, std::initializer_list<std::string> arguments) { to.insert(to.end(), arguments); }

// prlimit sets the limits and becomes the rest of the command line.
std::vector<std::string> limited(const JailLimits& limits) {
  return {kPrlimit,
          "--as=" + std::to_string(limits.memory_bytes),
          "--cpu=" + std::to_string(limits.cpu_seconds),
          "--fsize=" + std::to_string(limits.file_bytes),
          "--nofile=" + std::to_string(limits.open_files),
          "--core=0"};
}

// Without root a user namespace makes the others possible and its user is ours alone.
constexpr std::initializer_list<const char*> kNamespaces = {"--unshare-all"};
// Root needs no user namespace, and must become somebody else inside, because limits on processes do not bind root.
constexpr std::initializer_list<const char*> kRootNamespaces = {
    "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--cap-add",
    "CAP_SETUID",    "--cap-add",     "CAP_SETGID",    "--cap-add",     "CAP_SETPCAP"};

bool is_root() { return ::geteuid() == 0; }

// Users nobody else is. One for each directory, because the count of processes is per user.
constexpr std::uint32_t kFirstUser = 2'000'000'000;
constexpr std::uint32_t kUsers = 1'000'000;

std::uint32_t user_of(const std::filesystem::path& directory) {
  return kFirstUser + static_cast<std::uint32_t>(std::filesystem::hash_value(directory) % kUsers);
}

// The namespaces come first, then the user, then the limits, so that they bind that user inside.
std::vector<std::string> jailed(const std::filesystem::path& directory, const JailLimits& limits) {
  std::vector<std::string> line = {
      kBubblewrap, "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL", "--seccomp", "3"};
  for (const char* option : is_root() ? kRootNamespaces : kNamespaces) line.emplace_back(option);
  add(line, {"--ro-bind", "/usr", "/usr"});
  for (const char* name : {"bin", "lib", "lib64", "sbin"}) {
    add(line, {"--symlink", std::string("usr/") + name, std::string("/") + name});
  }
  // Debian's alternatives, the way to its fonts and the loader's cache; no other configuration is needed, and none is
  // shown. Made first, because as a mere parent it would be root's alone.
  add(line, {"--perms", "0755", "--dir", "/etc"});
  for (const char* path : {"/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache"})
    add(line, {"--ro-bind-try", path, path});
  add(line,
      {"--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", std::to_string(64 << 20), "--tmpfs", "/tmp"});
  for (const auto& [path, inside] : limits.shown) add(line, {"--ro-bind", path, inside});
  add(line, {"--bind", directory.string(), "/job", "--chdir", "/job", "--setenv", "PATH", "/usr/bin"});
  add(line, {"--setenv", "HOME", "/tmp", "--setenv", "LC_ALL", "C.UTF-8", "--"});
  if (is_root()) {
    const std::string user = std::to_string(user_of(directory));
    add(line, {kSetpriv, "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs", "--inh-caps=-all",
               "--bounding-set=-all", "--"});
  }
  return line;
}

// Where the kernel groups processes by session (sched(7), autogroup), nice is no more than an order within one; the
// session says how it stands beside others.
void add_session_priority(std::vector<std::string>& line, std::int64_t nice) {
  add(line, {kShell, "-c", "{ echo \"$0\" >/proc/self/autogroup; } 2>/dev/null; exec \"$@\"", std::to_string(nice)});
}

// Outermost, so that all that follows begins with it. The shell moves itself and becomes the rest of the command line.
void add_priority(std::vector<std::string>& line, const JailPriority& priority) {
  std::error_code ignored;  // not there: it stays in our group
  if (!priority.cgroup.empty() && std::filesystem::is_directory(priority.cgroup, ignored)) {
    add(line, {kShell, "-c", "{ echo $$ >\"$0/cgroup.procs\"; } 2>/dev/null; exec \"$@\"", priority.cgroup.string()});
  }
  if (priority.nice > 0) add(line, {kNice, "-n", std::to_string(priority.nice)});
}

}  // namespace

rt::Task<rt::Status> Jail::check() {
  if (!enabled_) co_return rt::Status();
  const auto directory = std::filesystem::temp_directory_path();
  ProcessStop stop;
  auto ran = co_await run(directory, {kTrue}, {}, stop);
  if (!ran) co_return rt::fail(rt::Code::kUnavailable, "the jail cannot be made: " + ran.error().message);
  if (!ran->succeeded()) co_return rt::fail(rt::Code::kUnavailable, "the jail cannot be made: " + ran->stderr_text);
  co_return rt::Status();
}

rt::Task<rt::Result<ProcessResult>> Jail::run(std::filesystem::path directory, std::vector<std::string> arguments,
                                              JailLimits limits, ProcessStop& stop,
                                              std::function<void(std::string_view)> on_stdout) {
  ProcessOptions options;
  add_priority(options.arguments, priority_);
  if (enabled_) {
    auto filter = syscall_filter();
    if (!filter) co_return rt::pass(filter);
    options.descriptor_3 = std::move(*filter);
    for (auto& argument : jailed(directory, limits)) options.arguments.push_back(std::move(argument));
  }
  if (priority_.nice > 0) add_session_priority(options.arguments, priority_.nice);
  auto limit_arguments = limited(limits);
  // Outside a namespace the count would be that of all processes of our user.
  if (enabled_) limit_arguments.push_back("--nproc=" + std::to_string(limits.processes));
  for (auto& argument : limit_arguments) options.arguments.push_back(std::move(argument));
  options.arguments.emplace_back("--");
  for (auto& argument : arguments) options.arguments.push_back(std::move(argument));
  options.environment = {"PATH=/usr/bin", "HOME=/tmp", "LC_ALL=C.UTF-8"};
  options.directory = directory.string();
  options.deadline_ms = limits.deadline_ms;
  options.on_stdout = std::move(on_stdout);
  options.stdout_max_bytes = limits.stdout_max_bytes;
  options.stderr_max_bytes = limits.stderr_max_bytes;
  auto result = co_await run_process(std::move(options), stop);
  // Its own complaint, not the program's: the host is at fault, not the file.
  if (result && enabled_ && result->exit_status == 1 && result->stderr_text.starts_with("bwrap: ")) {
    co_return rt::fail(rt::Code::kUnavailable, "the jail cannot be made: " + result->stderr_text);
  }
  co_return result;
}

rt::Status Jail::make_directory(const std::filesystem::path& directory) const {
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  if (!error) std::filesystem::create_directories(directory, error);
  // Others may enter, because bubblewrap does so before the program's own user is set; the data directory above keeps
  // them out.
  using std::filesystem::perms;
  if (!error) {
    std::filesystem::permissions(directory, perms::owner_all | perms::group_exec | perms::others_exec, error);
  }
  if (!error && enabled_ && is_root() && ::chown(directory.c_str(), user_of(directory), user_of(directory)) != 0) {
    error.assign(errno, std::generic_category());
  }
  if (error) return rt::fail(rt::Code::kIo, "cannot make " + directory.string() + ": " + error.message());
  return {};
}

}  // namespace millrace::media
