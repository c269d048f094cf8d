// Numbers are never used twice while a newer segment exists: a new one follows the highest that was ever seen.
#include "store/segments.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/segment_scanner.h"

namespace millrace::store {
namespace {

// Address space only: a segment may end with a chunk or a large commit that reaches beyond its nominal size.
constexpr std::uint64_t kMappingSlackBytes = kChunkBytesMax;

}  // namespace

rt::Result<rt::Ref<Mapping>> Segment::mapping(std::uint64_t end) {
  std::lock_guard lock(mutex_);
  if (!mapping_ || mapping_->size() < end) {
    auto mapped = file_->map(align_up(std::max(end, mapping_bytes_), kDiskBlockBytes));
    if (!mapped) return mapped;
    mapping_ = std::move(*mapped);
  }
  return mapping_;
}

rt::Result<std::vector<BadHeader>> Segments::open_all() {
  auto names = disk_.list(directory_);
  if (!names) return pass(names);
  std::vector<SegmentNumber> numbers;
  for (const std::string& name : *names) {
    if (auto number = parse_segment_name(name)) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  std::vector<BadHeader> bad;
  for (SegmentNumber number : numbers) {
    if (auto opened = open_one(number, number == numbers.back(), bad); !opened) return pass(opened);
  }
  return bad;
}

std::unique_ptr<File> Segments::open_direct(SegmentNumber number) {
  if (!direct_) return nullptr;
  auto file = disk_.open(path(number), Access::kRead, Caching::kDirect);
  return file ? std::move(*file) : nullptr;
}

SegmentPtr Segments::make_segment(const SegmentHeader& header, std::unique_ptr<File> file) {
  return std::make_shared<Segment>(header, std::move(file), open_direct(header.number),
                                   segment_bytes_ + kMappingSlackBytes);
}

rt::Status Segments::open_one(SegmentNumber number, bool newest, std::vector<BadHeader>& bad) {
  {
    std::lock_guard lock(mutex_);
    next_number_ = number + 1;
  }
  auto file = disk_.open(path(number), Access::kReadWrite, Caching::kCached);
  if (!file) return pass(file);
  std::array<std::byte, kSegmentHeaderBytes> bytes{};
  auto got = (*file)->read(0, bytes);
  if (!got) return pass(got);
  auto header = decode_segment_header(std::span(bytes).first(*got));
  if (!header && header.error().code == rt::Code::kInvalid) return pass(header);
  if (header && header->number == number) {
    add(make_segment(*header, std::move(*file)));
    return {};
  }
  auto size = (*file)->size();
  if (!size) return pass(size);
  // Records come only after the header is on stable storage: without any, nothing is lost.
  if (newest && *size <= kSegmentHeaderBytes) {
    if (auto unlinked = disk_.unlink(path(number)); !unlinked) return unlinked;
    return disk_.sync_directory(directory_);
  }
  bad.push_back({number, header ? "wrong number" : header.error().message});
  std::lock_guard lock(mutex_);
  unopened_.insert(number);
  return {};
}

// A record's checksum begins with the header's: one that is valid is worth as much as the header.
rt::Result<bool> Segments::open_by_records(SegmentNumber number, const StoreId& store) {
  auto file = disk_.open(path(number), Access::kReadWrite, Caching::kCached);
  if (!file) return pass(file);
  auto size = (*file)->size();
  if (!size) return pass(size);
  const SegmentHeader header{store, number};
  auto found = SegmentScanner(**file, header.seed(), kSegmentHeaderBytes, *size).find_record(kSegmentHeaderBytes);
  if (!found || !*found) return found;
  add(make_segment(header, std::move(*file)));
  return true;
}

rt::Status Segments::rewrite_header(const Segment& segment) {
  const auto bytes = encode(segment.header());
  const std::span<const std::byte> piece(bytes);
  if (auto written = segment.file().write(0, {&piece, 1}); !written) return written;
  return segment.file().sync();
}

rt::Result<SegmentPtr> Segments::create(const StoreId& store) {
  SegmentNumber number;
  {
    std::lock_guard lock(mutex_);
    number = next_number_;
  }
  const SegmentHeader header{store, number};
  auto file = disk_.open(path(number), Access::kCreate, Caching::kCached);
  if (!file) return pass(file);
  const auto bytes = encode(header);
  const std::span<const std::byte> piece(bytes);
  rt::Status done = (*file)->write(0, {&piece, 1});
  if (done) done = (*file)->sync();
  if (done) done = disk_.sync_directory(directory_);
  if (!done) {
    (void)disk_.unlink(path(number));
    (void)disk_.sync_directory(directory_);
    return pass(done);
  }
  auto segment = make_segment(header, std::move(*file));
  add(segment);
  return segment;
}

void Segments::add(SegmentPtr segment) {
  std::lock_guard lock(mutex_);
  next_number_ = std::max(next_number_, segment->number() + 1);
  unopened_.erase(segment->number());
  segments_[segment->number()] = std::move(segment);
}

SegmentPtr Segments::find(SegmentNumber number) const {
  std::lock_guard lock(mutex_);
  const auto found = segments_.find(number);
  return found == segments_.end() ? nullptr : found->second;
}

std::vector<SegmentPtr> Segments::all() const {
  std::vector<SegmentPtr> all;
  std::lock_guard lock(mutex_);
  for (const auto& [number, segment] : segments_) all.push_back(segment);
  return all;
}

SegmentPtr Segments::newest() const {
  std::lock_guard lock(mutex_);
  if (segments_.empty()) return nullptr;
  const auto& [number, segment] = *segments_.rbegin();
  return unopened_.empty() || *unopened_.rbegin() < number ? segment : nullptr;
}

rt::Status Segments::remove(SegmentNumber number) {
  SegmentPtr removed;  // outlives the lock
  {
    std::lock_guard lock(mutex_);
    const auto found = segments_.find(number);
    if (found == segments_.end()) return {};
    removed = std::move(found->second);
    segments_.erase(found);
  }
  if (auto unlinked = disk_.unlink(path(number)); !unlinked) return unlinked;
  return disk_.sync_directory(directory_);
}

}  // namespace millrace::store
