// A program that tries to get out of the jail it runs in. It says what worked, a word each; nothing at all is the only
// good answer. Its argument is a file of the host that it must not see. Outside a jail it does nothing: there it would
// do what it tries.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/reboot.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {

bool opens(const char* path, int how) {
  const int file = ::open(path, how, 0600);
  if (file >= 0) ::close(file);
  return file >= 0;
}

// Each escape in a process of its own: what one of them breaks must not help or hide another.
template <class Try>
void attempt(const char* name, Try escape) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(escape() ? 1 : 0);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 1) std::printf("%s\n", name);
}

// The jail has /job and no /var.
bool in_jail() { return ::access("/job", F_OK) == 0 && ::access("/var", F_OK) != 0; }

}  // namespace

int main(int count, char** arguments) {
  if (!in_jail()) return 2;
  const char* secret = count > 1 ? arguments[1] : "/etc/shadow";
  attempt("read-a-secret", [&] { return opens(secret, O_RDONLY); });
  attempt("read-it-by-a-link", [&] { return ::symlink(secret, "link") == 0 && opens("link", O_RDONLY); });
  attempt("read-shadow", [] { return opens("/etc/shadow", O_RDONLY); });
  attempt("read-init-environment", [&] {
    char byte;
    const int file = ::open("/proc/1/environ", O_RDONLY);
    return file >= 0 && ::read(file, &byte, 1) == 1;
  });
  attempt("host-through-init", [&] { return opens("/proc/1/root/etc/shadow", O_RDONLY); });
  attempt("write-usr", [] { return opens("/usr/bin/intruder", O_WRONLY | O_CREAT); });
  attempt("write-lib", [] { return opens("/usr/lib/intruder", O_WRONLY | O_CREAT); });
  attempt("write-root", [] { return opens("/intruder", O_WRONLY | O_CREAT); });
  attempt("write-etc", [] { return opens("/etc/intruder", O_WRONLY | O_CREAT); });
  attempt("core-pattern", [] { return opens("/proc/sys/kernel/core_pattern", O_WRONLY); });
  attempt("sysrq", [] { return opens("/proc/sysrq-trigger", O_WRONLY); });
  attempt("device-memory", [] { return opens("/dev/mem", O_RDONLY); });
  attempt("device-disk", [] { return opens("/dev/vda", O_RDONLY) || opens("/dev/sda", O_RDONLY); });
  attempt("device-log", [] { return opens("/dev/kmsg", O_RDONLY); });
  attempt("make-device", [] { return ::mknod("null", S_IFCHR | 0600, 0x103) == 0; });
  attempt("mount", [] { return ::mount("none", "/tmp", "tmpfs", 0, nullptr) == 0; });
  attempt("remount", [] { return ::mount("none", "/usr", nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0; });
  attempt("unmount", [] { return ::umount2("/job", MNT_DETACH) == 0; });
  attempt("chroot", [] { return ::chroot("/job") == 0; });
  attempt("pivot-root", [] { return ::syscall(SYS_pivot_root, ".", ".") == 0; });
  attempt("user-namespace", [] { return ::unshare(CLONE_NEWUSER) == 0; });
  attempt("mount-namespace", [] { return ::unshare(CLONE_NEWNS) == 0; });
  attempt("clone-namespace", [] { return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) >= 0; });
  attempt("enter-namespace", [] {
    const int file = ::open("/proc/1/ns/mnt", O_RDONLY);
    return file >= 0 && ::setns(file, 0) == 0;
  });
  attempt("file-handle", [] {
    alignas(8) char handle[128] = {};
    return ::syscall(SYS_open_by_handle_at, AT_FDCWD, handle, O_RDONLY) >= 0;
  });
  attempt("internet-socket", [] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; });
  attempt("internet-6-socket", [] { return ::socket(AF_INET6, SOCK_DGRAM, 0) >= 0; });
  attempt("unix-socket", [] { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0; });
  attempt("netlink-socket", [] { return ::socket(AF_NETLINK, SOCK_RAW, 0) >= 0; });
  attempt("packet-socket", [] { return ::socket(AF_PACKET, SOCK_RAW, 0) >= 0; });
  attempt("vsock-socket", [] { return ::socket(40, SOCK_STREAM, 0) >= 0; });
  attempt("trace-init", [] { return ::ptrace(PTRACE_ATTACH, 1, nullptr, nullptr) == 0; });
  attempt("trace-parent", [] { return ::ptrace(PTRACE_SEIZE, ::getppid(), nullptr, nullptr) == 0; });
  attempt("become-root", [] { return ::setuid(0) == 0 && ::getuid() == 0 && opens("/etc/shadow", O_RDONLY); });
  attempt("become-another", [] { return ::setuid(1) == 0; });
  attempt("bpf", [] {
    bpf_attr attributes = {};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = attributes.value_size = 4;
    attributes.max_entries = 1;
    return ::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) >= 0;
  });
  attempt("io-uring", [] {
    char parameters[128] = {};
    return ::syscall(SYS_io_uring_setup, 1, parameters) >= 0;
  });
  attempt("userfaultfd", [] { return ::syscall(SYS_userfaultfd, 1) >= 0; });
  attempt("keyring", [] { return ::syscall(SYS_keyctl, 0, -3, 1) >= 0; });
  attempt("reboot", [] {
    return ::syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF, nullptr) == 0;
  });
  attempt("set-host-name", [] { return ::sethostname("intruder", 8) == 0; });
  attempt("raise-limit", [] {
    const rlimit wanted = {1 << 20, 1 << 20};
    return ::setrlimit(RLIMIT_NOFILE, &wanted) == 0;
  });
  attempt("raise-priority", [] { return ::setpriority(PRIO_PROCESS, 0, -20) == 0; });
  attempt("real-time", [] {
    const sched_param wanted = {1};
    return ::sched_setscheduler(0, SCHED_FIFO, &wanted) == 0;
  });
  attempt("many-processes", [] {
    int made = 0;
    while (made < 100) {
      const pid_t child = ::fork();
      if (child < 0) break;
      if (child == 0) {
        ::pause();
        ::_exit(0);
      }
      ++made;
    }
    return made == 100;
  });
  std::puts("tried");
  return 0;
}
