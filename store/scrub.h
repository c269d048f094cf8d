// Reads every stored chunk in turn and compares it with its checksums, so that damage is found before somebody asks for
// the bytes. It is the disk that is checked, not the page cache. Keeper's thread.
#pragma once

#include "store/chunk_buffer.h"
#include "store/internals.h"

namespace millrace::store {

class Scrubber {
 public:
  explicit Scrubber(Internals& store) : store_(store) {}

  // About `bytes` more; begins again after the last chunk.
  rt::Status run(std::uint64_t bytes);

 private:
  rt::Status check(const ChunkInfo& chunk);

  Internals& store_;
  ChunkId next_ = 0;
  ChunkBuffer buffer_;
};

}  // namespace millrace::store
