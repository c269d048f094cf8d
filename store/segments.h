// The set of segments of a store: open files and one shared mapping each. A mapping outlives its segment's removal for
// as long as a Slice points into it. Thread-safe.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "store/disk.h"
#include "store/segment_format.h"

namespace millrace::store {

class Segment {
 public:
  // `direct` may be null.
  Segment(SegmentHeader header, std::unique_ptr<File> file, std::unique_ptr<File> direct, std::uint64_t mapping_bytes)
      : header_(header), file_(std::move(file)), direct_(std::move(direct)), mapping_bytes_(mapping_bytes) {}

  const SegmentHeader& header() const { return header_; }
  SegmentNumber number() const { return header_.number; }
  std::uint32_t seed() const { return seed_; }
  File& file() const { return *file_; }
  // For reading whole blocks into aligned memory: around the page cache where that pays.
  const File& bulk_file() const { return direct_ ? *direct_ : *file_; }
  // At least the bytes below `end` of the file, which must have been written.
  rt::Result<rt::Ref<Mapping>> mapping(std::uint64_t end);

 private:
  const SegmentHeader header_;
  const std::uint32_t seed_ = header_.seed();
  const std::unique_ptr<File> file_;
  const std::unique_ptr<File> direct_;
  const std::uint64_t mapping_bytes_;
  std::mutex mutex_;
  rt::Ref<Mapping> mapping_;  // guarded by mutex_
};

using SegmentPtr = std::shared_ptr<Segment>;

struct BadHeader {
  SegmentNumber number = 0;
  std::string reason;
};

class Segments {
 public:
  Segments(Disk& disk, std::filesystem::path directory, std::uint64_t segment_bytes, bool direct)
      : disk_(disk), directory_(std::move(directory)), segment_bytes_(segment_bytes), direct_(direct) {}

  // Opens all that are there but those whose headers are bad. A newest segment whose creation was cut short is removed.
  rt::Result<std::vector<BadHeader>> open_all();
  // Opens a segment with a bad header when one of its records proves what the header was; false when none does.
  rt::Result<bool> open_by_records(SegmentNumber number, const StoreId& store);
  // Writes the header again, and syncs it.
  static rt::Status rewrite_header(const Segment& segment);
  // A new, empty segment, synced with its name.
  rt::Result<SegmentPtr> create(const StoreId& store);
  // Null when it is gone.
  SegmentPtr find(SegmentNumber number) const;
  std::vector<SegmentPtr> all() const;
  // The one whose end may be torn, and where writing goes on. Null: there is none, or one behind it cannot be opened,
  // and what is not the newest is complete.
  SegmentPtr newest() const;
  // From the table and the directory.
  rt::Status remove(SegmentNumber number);

  Disk& disk() const { return disk_; }
  // Whether segments are written, and read in bulk, around the page cache.
  bool direct() const { return direct_; }
  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path path(SegmentNumber number) const { return directory_ / segment_name(number); }

 private:
  std::unique_ptr<File> open_direct(SegmentNumber number);
  rt::Status open_one(SegmentNumber number, bool newest, std::vector<BadHeader>& bad);
  SegmentPtr make_segment(const SegmentHeader& header, std::unique_ptr<File> file);
  void add(SegmentPtr segment);

  Disk& disk_;
  const std::filesystem::path directory_;
  const std::uint64_t segment_bytes_;
  const bool direct_;
  mutable std::mutex mutex_;
  std::map<SegmentNumber, SegmentPtr> segments_;  // guarded by mutex_
  std::set<SegmentNumber> unopened_;              // guarded by mutex_; there, with a bad header
  SegmentNumber next_number_ = 1;                 // guarded by mutex_
};

}  // namespace millrace::store
