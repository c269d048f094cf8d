#include "media/jail/syscall_filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace millrace::media {
namespace {

constexpr int kRefused[] = {
    // Namespaces, mounts, roots.
    SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare),
    SCMP_SYS(setns), SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
    SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(name_to_handle_at), SCMP_SYS(open_by_handle_at),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(mknod), SCMP_SYS(mknodat),
    // Sockets of any family: there is nobody to talk to.
    SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(socketcall),
    // Other processes.
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp), SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(process_madvise),
    // The kernel's keys, clock, modules and state.
    SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime), SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime), SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname), SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(syslog), SCMP_SYS(vhangup), SCMP_SYS(iopl),
    SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(personality),
    // Where exploits live.
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register), SCMP_SYS(fanotify_init), SCMP_SYS(lookup_dcookie), SCMP_SYS(vmsplice),
    SCMP_SYS(move_pages), SCMP_SYS(migrate_pages)};

constexpr std::uint64_t kNamespaceFlags =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
// ioctl(2) requests that type into a terminal: TIOCSTI, TIOCLINUX.
constexpr std::uint64_t kTypeIntoTerminal = 0x5412;
constexpr std::uint64_t kConsole = 0x541c;

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

// A call that this architecture does not have needs no rule.
bool refuse(const Context& context, int call) {
  const int added = seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(EPERM), call, 0);
  return added == 0 || added == -EDOM;
}

bool refuse_namespaces(const Context& context) {
  for (std::uint64_t flag = 1; flag != 0 && flag <= kNamespaceFlags; flag <<= 1) {
    if ((kNamespaceFlags & flag) == 0) continue;
    const scmp_arg_cmp has_flag = SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag);
    if (seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, has_flag) != 0) return false;
  }
  // Its flags are in memory, where no filter can look; the C library then takes clone().
  return seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

bool refuse_typing(const Context& context) {
  for (const std::uint64_t request : {kTypeIntoTerminal, kConsole}) {
    const scmp_arg_cmp asks = SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, request);
    if (seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, asks) != 0) return false;
  }
  return true;
}

std::string contents(int file) {
  std::string bytes(static_cast<std::size_t>(::lseek(file, 0, SEEK_END)), '\0');
  const ssize_t got = ::pread(file, bytes.data(), bytes.size(), 0);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

}  // namespace

rt::Result<std::string> syscall_filter() {
  const Context context(seccomp_init(SCMP_ACT_ALLOW), seccomp_release);
  bool made = context != nullptr;
  for (const int call : kRefused) made = made && refuse(context, call);
  made = made && refuse_namespaces(context) && refuse_typing(context);
  const int file = made ? ::memfd_create("filter", MFD_CLOEXEC) : -1;
  if (file < 0) return rt::fail(rt::Code::kUnavailable, "the jail's system call filter cannot be made");
  made = seccomp_export_bpf(context.get(), file) == 0;
  std::string program = made ? contents(file) : std::string();
  ::close(file);
  if (program.empty()) return rt::fail(rt::Code::kUnavailable, "the jail's system call filter cannot be made");
  return program;
}

}  // namespace millrace::media
