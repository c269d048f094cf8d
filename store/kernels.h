// Which build of a hot loop (cutter, hash, checksums) runs. Every kernel gives equal results; the fastest one this
// processor can run is chosen once per process, and tests force the portable one to prove the equality.
#pragma once

#include <cstdint>

namespace millrace::store {

enum class Kernel : std::uint8_t { kFastest, kPortable };

}  // namespace millrace::store
