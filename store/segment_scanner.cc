// Reads are small: a header with its meta fits in one of them, except for large commits.
#include "store/segment_scanner.h"

#include <algorithm>

#include "store/crc.h"

namespace millrace::store {
namespace {

constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kSearchBytes = std::size_t{1} << 20;

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

SegmentScanner::SegmentScanner(const File& file, std::uint32_t seed, std::uint64_t start, std::uint64_t file_bytes)
    : file_(file), seed_(seed), position_(start), file_bytes_(file_bytes) {}

rt::Result<std::size_t> SegmentScanner::read_some(std::uint64_t offset, std::size_t bytes) {
  if (offset >= file_bytes_) return 0;
  buffer_.resize(std::min<std::uint64_t>(bytes, file_bytes_ - offset));
  return file_.read(offset, buffer_);
}

rt::Result<std::optional<ScannedRecord>> SegmentScanner::record_at(std::uint64_t offset) {
  auto got = read_some(offset, kReadBytes);
  if (!got) return pass(got);
  const auto header = decode_record_header(std::span(buffer_).first(*got), seed_, offset);
  if (!header || header->end() > file_bytes_) return std::nullopt;
  const std::size_t front_bytes = kRecordHeaderBytes + header->meta_bytes;
  if (front_bytes > *got) {
    got = read_some(offset, front_bytes);
    if (!got) return pass(got);
    if (*got < front_bytes) return std::nullopt;
  }
  const auto meta = std::span(buffer_).subspan(kRecordHeaderBytes, header->meta_bytes);
  if (crc32_update(0, meta) != header->meta_crc32) return std::nullopt;
  return ScannedRecord{*header, {reinterpret_cast<const char*>(meta.data()), meta.size()}};
}

rt::Result<std::optional<ScannedRecord>> SegmentScanner::next() {
  at_end_ = position_ >= file_bytes_;
  if (at_end_) return std::nullopt;
  auto record = record_at(position_);
  const std::uint64_t boundary = align_up(position_, kDiskBlockBytes);
  if (record && !*record && boundary != position_) {
    auto got = read_some(position_, boundary - position_);
    if (!got) return pass(got);
    if (!all_zero(std::span(buffer_).first(*got))) return std::nullopt;
    at_end_ = boundary >= file_bytes_;
    if (at_end_) return std::nullopt;
    record = record_at(boundary);
  }
  if (record && *record) position_ = (*record)->header.end();
  return record;
}

rt::Result<bool> SegmentScanner::find_record(std::uint64_t from) {
  std::uint64_t offset = align_up(from, kRecordAlignBytes);
  while (offset < file_bytes_) {
    std::vector<std::byte> window(std::min<std::uint64_t>(kSearchBytes, file_bytes_ - offset));
    auto got = file_.read(offset, window);
    if (!got) return pass(got);
    window.resize(*got);
    for (std::size_t at = 0; at + kRecordHeaderBytes <= window.size(); at += kRecordAlignBytes) {
      if (!decode_record_header(std::span(window).subspan(at), seed_, offset + at)) continue;
      auto record = record_at(offset + at);
      if (!record) return pass(record);
      if (!*record) continue;
      position_ = offset + at;
      return true;
    }
    if (window.size() < kSearchBytes) return false;
    offset += kSearchBytes - kRecordHeaderBytes;
  }
  return false;
}

rt::Result<bool> payload_intact(const File& file, std::uint64_t offset, const ChunkSummary& summary) {
  std::vector<std::byte> block(std::min<std::uint64_t>(kChecksumBlockBytes, summary.length));
  for (std::size_t i = 0; i < summary.block_crc32s.size(); ++i) {
    const std::uint64_t start = i * kChecksumBlockBytes;
    const auto into = std::span(block).first(std::min<std::uint64_t>(kChecksumBlockBytes, summary.length - start));
    auto got = file.read(offset + start, into);
    if (!got) return pass(got);
    if (*got != into.size() || crc32_update(0, into) != summary.block_crc32s[i]) return false;
  }
  return true;
}

}  // namespace millrace::store
