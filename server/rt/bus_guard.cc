// The handler leaves the access that failed by a jump to where the guard was set up, on the thread's own stack: any
// number of threads may fail at once. Nothing is mapped in its place, so whoever touches the same bytes later meets the
// same failure, or the bytes if the disk has come round.
#include "server/rt/bus_guard.h"

#include <ucontext.h>

#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstring>

namespace millrace::rt {
namespace {

// Volatile: the handler reads it in the midst of anything.
constinit thread_local sigjmp_buf* volatile t_way_out = nullptr;

constinit std::atomic<std::uint64_t> g_unreadable{0};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "the handler may not lock");

constinit struct sigaction g_previous = {};  // written before the handler is there

void on_bus_error(int number, siginfo_t* info, void* context) {
  sigjmp_buf* const way_out = t_way_out;
  const bool by_access = info->si_code == BUS_ADRERR || info->si_code == BUS_MCEERR_AR;
  if (way_out && by_access) {
    count_unreadable();
    // By hand: a jump that saves the mask would cost a system call per guard.
    ::pthread_sigmask(SIG_SETMASK, &static_cast<ucontext_t*>(context)->uc_sigmask, nullptr);
    siglongjmp(*way_out, 1);
  }
  ::sigaction(number, &g_previous, nullptr);
  if (!by_access) ::raise(number);  // an access fails again by itself
}

bool install() {
  ::sigaction(SIGBUS, nullptr, &g_previous);
  struct sigaction action = {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  return ::sigaction(SIGBUS, &action, nullptr) == 0;
}

}  // namespace

void install_bus_guard() {
  [[maybe_unused]] static const bool installed = install();  // a second time the previous action would be our own
}

std::uint64_t unreadable_count() noexcept { return g_unreadable.load(std::memory_order_relaxed); }

void count_unreadable() noexcept { g_unreadable.fetch_add(1, std::memory_order_relaxed); }

// What is used after the jump does not change between the two returns of sigsetjmp.
[[gnu::noinline]] bool survives(void (*touch)(void*), void* context) noexcept {
  sigjmp_buf* const outer = t_way_out;
  sigjmp_buf way_out;
  if (sigsetjmp(way_out, 0) != 0) {
    t_way_out = outer;
    return false;
  }
  t_way_out = &way_out;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  touch(context);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  t_way_out = outer;
  return true;
}

bool try_copy(void* to, const void* from, std::size_t bytes) noexcept {
  return survives([&] { std::memcpy(to, from, bytes); });
}

}  // namespace millrace::rt
