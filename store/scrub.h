// Reads every stored chunk in turn and compares it with its checksums, so that damage is found before somebody asks for
// the bytes. Reads around the page cache where that works: it is the disk that is checked, and the cache belongs to
// others. Keeper's thread.
#pragma once

#include <memory>

#include "store/internals.h"

namespace millrace::store {

class Scrubber {
 public:
  explicit Scrubber(Internals& store) : store_(store) {}

  // About `bytes` more; begins again after the last chunk.
  rt::Status run(std::uint64_t bytes);

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  rt::Status check(const ChunkInfo& chunk);
  rt::Status open(SegmentNumber number);
  rt::Result<bool> intact(const ChunkInfo& chunk);

  Internals& store_;
  ChunkId next_ = 0;
  std::unique_ptr<File> file_;
  SegmentNumber file_number_ = 0;
  std::unique_ptr<std::byte, Free> buffer_;
  std::size_t buffer_bytes_ = 0;
};

}  // namespace millrace::store
