// Detached: a coroutine that nobody awaits. It starts at once, inside the call, and frees itself at its end; whoever
// starts it counts it and waits for the count. A request costs one frame this way instead of three.
#pragma once

#include <coroutine>
#include <cstdlib>

#include "server/rt/frame.h"

namespace millrace::h2 {

struct Detached {
  struct promise_type {
    static void* operator new(std::size_t bytes) { return rt::allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) { rt::free_frame(frame, bytes); }
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::abort(); }
  };
};

}  // namespace millrace::h2
