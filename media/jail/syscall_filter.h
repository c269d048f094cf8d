// SyscallFilter: what programs in the jail may not ask of the kernel, whatever their rights: namespaces and mounts,
// sockets, other processes, keys, modules, and the large interfaces no media tool needs but exploits do (bpf, io_uring,
// userfaultfd, perf). Refused calls fail with EPERM, so that a tool which only probes for them goes on. Any thread.
#pragma once

#include <string>

#include "server/rt/error.h"

namespace millrace::media {

// The filter as a program for the kernel (seccomp(2), classic BPF). kUnavailable when it cannot be made here.
rt::Result<std::string> syscall_filter();

}  // namespace millrace::media
