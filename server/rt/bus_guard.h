// Mapped bytes of a file may become unreadable after they were mapped, even after they were read: the file was cut
// short, or a page that was evicted cannot be fetched again. System calls then fail with EFAULT; who touches such bytes
// in user space gets SIGBUS, or false when it does so through here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace millrace::rt {

// Before threads start. Without it, and for bytes that are touched outside of the guard, SIGBUS does what it did
// before.
void install_bus_guard();

// How often bytes could not be read: guards count by themselves, who gets EFAULT says so.
std::uint64_t unreadable_count() noexcept;
void count_unreadable() noexcept;

// False when `touch(context)` met a byte that cannot be read; it was left in the middle then, so it must own nothing.
bool survives(void (*touch)(void*), void* context) noexcept;

template <class Touch>
bool survives(Touch&& touch) noexcept {
  return survives([](void* context) { (*static_cast<std::remove_reference_t<Touch>*>(context))(); }, &touch);
}

// False when `from` cannot be read.
bool try_copy(void* to, const void* from, std::size_t bytes) noexcept;

}  // namespace millrace::rt
