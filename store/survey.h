// How many bytes emptying a segment would write again: the live payload that the index counts is not all of it.
#pragma once

#include "store/internals.h"

namespace millrace::store {

// Reads all of the segment but the payloads. Blocks.
rt::Result<std::uint64_t> bytes_to_keep(const Internals& store, const Segment& segment);

}  // namespace millrace::store
