// Reads a whole chunk from the disk into memory of its own, around the page cache where that works: for comparing,
// scrubbing and moving, which look at bytes once and should neither fill the cache nor pay for faults. One thread at a
// time; the memory is kept for the next chunk.
#pragma once

#include <memory>
#include <span>

#include "store/segments.h"

namespace millrace::store {

class ChunkBuffer {
 public:
  // Good until the next read. kNotFound when the segment is gone, kDamaged when it ends before the chunk does.
  rt::Result<std::span<const std::byte>> read(const Segments& segments, const ChunkInfo& chunk);

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t size_ = 0;
};

bool matches_checksums(std::span<const std::byte> bytes, const ChunkSummary& summary);

}  // namespace millrace::store
