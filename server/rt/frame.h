// Memory for coroutine frames: a per-thread free list by size class, because a request makes several short-lived
// frames. A frame freed on another thread joins that thread's list. Bounded: a class keeps at most kFramesKept frames.
#pragma once

#include <cstddef>

namespace millrace::rt {

void* allocate_frame(std::size_t bytes);
void free_frame(void* frame, std::size_t bytes) noexcept;

}  // namespace millrace::rt
