// Fixed fields are little-endian and written one by one, so that no compiler's padding is part of the format.
#include "store/segment_format.h"

#include <fmt/format.h>

#include <cstring>
#include <type_traits>

#include "server/rt/text.h"
#include "store/crc.h"

namespace millrace::store {
namespace {

constexpr std::uint64_t kSegmentMagic = 0x31474553'4C4C494D;  // "MILLSEG1"
constexpr std::uint32_t kRecordMagic = 0x4352'4C4D;           // "MLRC"
constexpr std::size_t kSegmentFieldsBytes = 32;
constexpr std::size_t kRecordFieldsBytes = 28;
constexpr std::string_view kNamePrefix = "seg-";
constexpr std::string_view kNameSuffix = ".mrs";
constexpr std::size_t kNameDigits = 8;

template <class T>
std::byte* store_field(std::byte* at, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<std::byte>(value >> (8 * i));
  return at + sizeof(T);
}

template <class T>
const std::byte* load_field(const std::byte* at, T& value) {
  static_assert(std::is_unsigned_v<T>);
  value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(static_cast<T>(at[i]) << (8 * i));
  return at + sizeof(T);
}

std::uint32_t crc_of(std::string_view text) { return crc32_update(0, std::as_bytes(std::span(text))); }

}  // namespace

std::uint64_t RecordHeader::payload_offset() const { return meta_offset() + align_up(meta_bytes, kRecordAlignBytes); }

std::uint64_t RecordHeader::end() const { return payload_offset() + align_up(payload_bytes, kRecordAlignBytes); }

std::uint32_t SegmentHeader::seed() const {
  const auto bytes = encode(*this);
  return crc32_update(0, std::span(bytes).first(kSegmentFieldsBytes));
}

std::array<std::byte, kSegmentHeaderBytes> encode(const SegmentHeader& header) {
  std::array<std::byte, kSegmentHeaderBytes> bytes{};
  std::byte* at = store_field(bytes.data(), kSegmentMagic);
  at = store_field(at, kFormatVersion);
  at = store_field(at, header.number);
  at = store_field(at, header.store.high);
  at = store_field(at, header.store.low);
  store_field(at, crc32_update(0, std::span(bytes).first(kSegmentFieldsBytes)));
  return bytes;
}

rt::Result<SegmentHeader> decode_segment_header(std::span<const std::byte> bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return rt::fail(rt::Code::kDamaged, "segment header is cut short");
  SegmentHeader header;
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t crc;
  const std::byte* at = load_field(bytes.data(), magic);
  at = load_field(at, version);
  at = load_field(at, header.number);
  at = load_field(at, header.store.high);
  at = load_field(at, header.store.low);
  load_field(at, crc);
  if (magic != kSegmentMagic) return rt::fail(rt::Code::kDamaged, "no segment header");
  if (crc != crc32_update(0, bytes.first(kSegmentFieldsBytes))) {
    return rt::fail(rt::Code::kDamaged, "segment header does not match its checksum");
  }
  if (version != kFormatVersion) {
    return rt::fail(rt::Code::kInvalid,
                    fmt::format("segment of format {}, this program knows {}", version, kFormatVersion));
  }
  return header;
}

std::array<std::byte, kRecordHeaderBytes> encode(const RecordHeader& header, std::uint32_t seed) {
  std::array<std::byte, kRecordHeaderBytes> bytes{};
  std::byte* at = store_field(bytes.data(), kRecordMagic);
  at = store_field(at, static_cast<std::uint32_t>(header.type));
  at = store_field(at, header.offset);
  at = store_field(at, header.meta_bytes);
  at = store_field(at, header.payload_bytes);
  at = store_field(at, header.meta_crc32);
  store_field(at, crc32_update(seed, std::span(bytes).first(kRecordFieldsBytes)));
  return bytes;
}

std::optional<RecordHeader> decode_record_header(std::span<const std::byte> bytes, std::uint32_t seed,
                                                 std::uint64_t offset) {
  if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
  RecordHeader header;
  std::uint32_t magic;
  std::uint32_t type;
  std::uint32_t crc;
  const std::byte* at = load_field(bytes.data(), magic);
  at = load_field(at, type);
  at = load_field(at, header.offset);
  at = load_field(at, header.meta_bytes);
  at = load_field(at, header.payload_bytes);
  at = load_field(at, header.meta_crc32);
  load_field(at, crc);
  if (magic != kRecordMagic || header.offset != offset) return std::nullopt;
  if (crc != crc32_update(seed, bytes.first(kRecordFieldsBytes))) return std::nullopt;
  if (type != static_cast<std::uint32_t>(RecordType::kChunk) &&
      type != static_cast<std::uint32_t>(RecordType::kCommit)) {
    return std::nullopt;
  }
  header.type = static_cast<RecordType>(type);
  return header;
}

std::string record_front(RecordType type, std::uint64_t offset, std::uint32_t seed, std::string_view meta,
                         std::uint64_t payload_bytes) {
  const RecordHeader header{type, offset, static_cast<std::uint32_t>(meta.size()),
                            static_cast<std::uint32_t>(payload_bytes), crc_of(meta)};
  const auto fixed = encode(header, seed);
  std::string front(header.payload_offset() - offset, '\0');
  std::memcpy(front.data(), fixed.data(), fixed.size());
  if (!meta.empty()) std::memcpy(front.data() + fixed.size(), meta.data(), meta.size());
  return front;
}

std::string segment_name(SegmentNumber number) {
  return fmt::format("{}{:0{}}{}", kNamePrefix, number, kNameDigits, kNameSuffix);
}

std::optional<SegmentNumber> parse_segment_name(std::string_view name) {
  if (!name.starts_with(kNamePrefix) || !name.ends_with(kNameSuffix)) return std::nullopt;
  name.remove_prefix(kNamePrefix.size());
  name.remove_suffix(kNameSuffix.size());
  const auto number = rt::whole_number<SegmentNumber>(name);
  return number && *number > 0 && name.size() >= kNameDigits ? number : std::nullopt;
}

}  // namespace millrace::store
