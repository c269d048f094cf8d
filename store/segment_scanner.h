// Walks the records of a segment from some position on. It trusts nothing: a record is returned when its header and
// meta match their checksums; payloads are the caller's to verify. One thread; reads the file a few KiB at a time and
// skips payloads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/disk.h"
#include "store/segment_format.h"

namespace millrace::store {

struct ScannedRecord {
  RecordHeader header;
  std::string meta;
};

class SegmentScanner {
 public:
  // The file must outlive the scanner.
  SegmentScanner(const File& file, std::uint32_t seed, std::uint64_t start, std::uint64_t file_bytes);

  // The record here, or at the next block boundary when zeros lie between; moves behind it. None: see at_end().
  rt::Result<std::optional<ScannedRecord>> next();
  // After next() gave none: whether that was the end of the file, or else bytes that are no record.
  bool at_end() const { return at_end_; }
  // Behind the last record that was returned.
  std::uint64_t position() const { return position_; }
  // Moves to the first byte from `from` on where a valid record begins, if there is one.
  rt::Result<bool> find_record(std::uint64_t from);

 private:
  rt::Result<std::optional<ScannedRecord>> record_at(std::uint64_t offset);
  rt::Result<std::size_t> read_some(std::uint64_t offset, std::size_t bytes);

  const File& file_;
  std::uint32_t seed_;
  std::uint64_t position_;
  std::uint64_t file_bytes_;
  bool at_end_ = false;
  std::vector<std::byte> buffer_;
};

// Whether the stored bytes match the chunk's checksums. An error is the disk's.
rt::Result<bool> payload_intact(const File& file, std::uint64_t offset, const ChunkSummary& summary);

}  // namespace millrace::store
