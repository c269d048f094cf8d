// Where the segment writer's bytes go. Direct: one copy into an aligned 1 MiB buffer, written around the page cache.
// Cached: no copy, the pieces are gathered and written in one call. Both write blocks in a row; after finish() no block
// that holds bytes is ever written again, so a torn write cannot harm what was synced. Segment writer's thread only.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "store/disk.h"

namespace millrace::store {

class SegmentSink {
 public:
  virtual ~SegmentSink() = default;
  // Bytes for the end of the segment. Cached: they must stay until written() is beyond them.
  virtual rt::Status put(std::span<const std::byte> bytes) = 0;
  // Writes all, then zeros to the next block boundary.
  virtual rt::Status finish() = 0;
  // Whether put() has copied the bytes already.
  virtual bool copies() const = 0;

  // put() and kept: for bytes that have no owner.
  rt::Status put_own(std::string bytes);

  std::uint64_t position() const { return position_; }  // where the next byte goes
  std::uint64_t written() const { return written_; }    // all below is in the file
  File& file() const { return *file_; }

 protected:
  SegmentSink(std::unique_ptr<File> file, std::uint64_t position)
      : file_(std::move(file)), position_(position), written_(position) {}

  std::unique_ptr<File> file_;
  std::uint64_t position_;
  std::uint64_t written_;
  std::deque<std::string> owned_;  // dropped once written
};

// `position` is a block boundary.
std::unique_ptr<SegmentSink> direct_sink(std::unique_ptr<File> file, std::uint64_t position);
std::unique_ptr<SegmentSink> cached_sink(std::unique_ptr<File> file, std::uint64_t position);

}  // namespace millrace::store
