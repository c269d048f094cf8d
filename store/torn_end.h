// What lies behind the last trustworthy record of the newest segment, as a crash leaves it. It was never acknowledged,
// as far as anything left can tell; what holds a whole commit record all the same is never thrown away, because rot
// looks like that too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/segments.h"

namespace millrace::store {

// kLeave: nothing is changed. kCut: cut off, what holds a commit is set aside. kSetAside: all of it is set aside.
enum class OnTornEnd : std::uint8_t { kLeave, kCut, kSetAside };

struct TornEnd {
  bool holds_commit = false;
  std::string sentence;
};

// None: nothing but zeros lies behind `end`. Otherwise than with kLeave the segment then ends there, durably.
rt::Result<std::optional<TornEnd>> settle_end(const Segments& segments, const Segment& newest, std::uint64_t end,
                                              OnTornEnd how);

}  // namespace millrace::store
