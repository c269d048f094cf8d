// The bytes of a segment: one header block, then records. Constants and pure encoders; FORMAT.md draws the picture.
// Nothing here reads or writes a file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/rt/error.h"
#include "store/model.h"

namespace millrace::store {

inline constexpr std::size_t kSegmentHeaderBytes = 4096;
inline constexpr std::size_t kRecordHeaderBytes = 32;
inline constexpr std::size_t kRecordAlignBytes = 8;
inline constexpr std::uint32_t kFormatVersion = 1;

struct StoreId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const StoreId&) const = default;
};

struct SegmentHeader {
  StoreId store;
  SegmentNumber number = 0;
  bool operator==(const SegmentHeader&) const = default;
  // What record checksums start from, so that a record is valid in one segment of one store only.
  std::uint32_t seed() const;
};

enum class RecordType : std::uint8_t { kChunk = 1, kCommit = 2 };

// `offset` is the record's own, so that it is valid in one place only.
struct RecordHeader {
  RecordType type = RecordType::kChunk;
  std::uint64_t offset = 0;
  std::uint32_t meta_bytes = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t meta_crc32 = 0;

  std::uint64_t meta_offset() const { return offset + kRecordHeaderBytes; }
  std::uint64_t payload_offset() const;
  std::uint64_t end() const;
  bool operator==(const RecordHeader&) const = default;
};

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t step) { return (value + step - 1) / step * step; }

std::array<std::byte, kSegmentHeaderBytes> encode(const SegmentHeader& header);
rt::Result<SegmentHeader> decode_segment_header(std::span<const std::byte> bytes);

std::array<std::byte, kRecordHeaderBytes> encode(const RecordHeader& header, std::uint32_t seed);
// None when these bytes are no record header of this segment at this offset.
std::optional<RecordHeader> decode_record_header(std::span<const std::byte> bytes, std::uint32_t seed,
                                                 std::uint64_t offset);

// Header, meta and the zeros between meta and payload.
std::string record_front(RecordType type, std::uint64_t offset, std::uint32_t seed, std::string_view meta,
                         std::uint64_t payload_bytes);

std::string segment_name(SegmentNumber number);
std::optional<SegmentNumber> parse_segment_name(std::string_view name);

}  // namespace millrace::store
