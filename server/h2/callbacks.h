// The callbacks nghttp2 makes into a Session: each changes state, pushes bytes and wakes coroutines, nothing more.
#pragma once

struct nghttp2_session_callbacks;

namespace millrace::h2 {

// One table for all sessions of the process.
const nghttp2_session_callbacks* callbacks();

}  // namespace millrace::h2
