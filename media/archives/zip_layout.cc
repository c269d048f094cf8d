#include "media/archives/zip_layout.h"

#include <algorithm>
#include <chrono>
#include <concepts>

namespace millrace::media {
namespace {

// Values that say "look into the zip64 field" (APPNOTE 4.4.8, 4.4.9, 4.4.16, 4.4.21 and following).
constexpr std::uint64_t kBeyond32 = 0xffff'ffff;
constexpr std::uint64_t kBeyond16 = 0xffff;

constexpr std::uint32_t kHeaderMark = 0x0403'4b50;
constexpr std::uint32_t kDirectoryMark = 0x0201'4b50;
constexpr std::uint32_t kEndMark = 0x0605'4b50;
constexpr std::uint32_t kEnd64Mark = 0x0606'4b50;
constexpr std::uint32_t kLocatorMark = 0x0706'4b50;

constexpr std::size_t kHeaderBytes = 30;
constexpr std::size_t kDirectoryBytes = 46;
constexpr std::size_t kEnd64Bytes = 56;
constexpr std::size_t kExtraHeadBytes = 4;
constexpr std::size_t kTimeExtraBytes = kExtraHeadBytes + 5;

constexpr std::uint16_t kZip64Extra = 0x0001;
constexpr std::uint16_t kTimeExtra = 0x5455;  // "UT": seconds since 1970, where DOS time has no time zone
constexpr std::uint8_t kTimeIsModified = 1;

constexpr std::uint16_t kNamesAreUtf8 = 1 << 11;
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;
constexpr std::uint16_t kMadeOnUnix = 3 << 8;
constexpr std::uint32_t kRegularFile = 0100644u << 16;  // of a Unix system

constexpr std::uint16_t kVersionStored = 10;
constexpr std::uint16_t kVersionDeflated = 20;
constexpr std::uint16_t kVersionZip64 = 45;

// So many entries make one piece of the directory.
constexpr std::size_t kPieceEntries = 256;

template <std::unsigned_integral T>
void put(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint32_t in32(std::uint64_t value) { return static_cast<std::uint32_t>(std::min(value, kBeyond32)); }
std::uint16_t in16(std::uint64_t value) { return static_cast<std::uint16_t>(std::min(value, kBeyond16)); }

bool is_large(const ZipEntry& entry) { return entry.size_bytes >= kBeyond32 || entry.stored_bytes >= kBeyond32; }

std::uint16_t version(const ZipEntry& entry, std::uint64_t offset) {
  if (is_large(entry) || offset >= kBeyond32) return kVersionZip64;
  return entry.deflated ? kVersionDeflated : kVersionStored;
}

std::int64_t seconds(const ZipEntry& entry) { return entry.modified_ms / 1000; }

bool has_time_extra(const ZipEntry& entry) { return seconds(entry) > 0 && seconds(entry) <= INT32_MAX; }

std::size_t time_extra_bytes(const ZipEntry& entry) { return has_time_extra(entry) ? kTimeExtraBytes : 0; }

void put_time_extra(std::string& out, const ZipEntry& entry) {
  if (!has_time_extra(entry)) return;
  put(out, kTimeExtra);
  put(out, static_cast<std::uint16_t>(kTimeExtraBytes - kExtraHeadBytes));
  put(out, kTimeIsModified);
  put(out, static_cast<std::uint32_t>(seconds(entry)));
}

// In the local header both sizes stand there or none (4.5.3).
std::size_t header_extra_bytes(const ZipEntry& entry) {
  return (is_large(entry) ? kExtraHeadBytes + 16 : 0) + time_extra_bytes(entry);
}

// In the directory only what does not fit, in this order.
std::size_t zip64_numbers(const ZipEntry& entry, std::uint64_t offset) {
  return (entry.size_bytes >= kBeyond32 ? 1u : 0u) + (entry.stored_bytes >= kBeyond32 ? 1u : 0u) +
         (offset >= kBeyond32 ? 1u : 0u);
}

std::size_t directory_extra_bytes(const ZipEntry& entry, std::uint64_t offset) {
  const std::size_t numbers = zip64_numbers(entry, offset);
  return (numbers > 0 ? kExtraHeadBytes + 8 * numbers : 0) + time_extra_bytes(entry);
}

// MS-DOS date and time (4.4.6), in UTC: years 1980 to 2107, two seconds exact.
void put_dos_time(std::string& out, std::int64_t unix_ms) {
  using namespace std::chrono;
  constexpr sys_seconds kFirst = sys_days(year(1980) / 1 / 1);
  constexpr sys_seconds kLast = sys_days(year(2107) / 12 / 31) + 23h + 59min + 58s;
  const sys_seconds moment = std::clamp(floor<std::chrono::seconds>(sys_time(milliseconds(unix_ms))), kFirst, kLast);
  const sys_days day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss time(moment - day);
  put(out, static_cast<std::uint16_t>(time.hours().count() << 11 | time.minutes().count() << 5 |
                                      time.seconds().count() / 2));
  put(out, static_cast<std::uint16_t>((static_cast<int>(date.year()) - 1980) << 9 |
                                      static_cast<unsigned>(date.month()) << 5 | static_cast<unsigned>(date.day())));
}

// What local header and directory have in common.
void put_common(std::string& out, const ZipEntry& entry, std::uint64_t offset) {
  put(out, version(entry, offset));
  put(out, kNamesAreUtf8);
  put(out, entry.deflated ? kDeflated : kStored);
  put_dos_time(out, entry.modified_ms);
  put(out, entry.crc32);
}

}  // namespace

ZipLayout::ZipLayout(std::vector<ZipEntry> entries) : entries_(std::move(entries)) {
  std::uint64_t at = 0;
  places_.reserve(entries_.size());
  for (const ZipEntry& entry : entries_) {
    places_.push_back({at, 0});
    at += kHeaderBytes + entry.name.size() + header_extra_bytes(entry) + entry.stored_bytes;
  }
  directory_offset_ = at;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    places_[i].directory = at;
    at += kDirectoryBytes + entries_[i].name.size() + directory_extra_bytes(entries_[i], places_[i].header);
  }
  end_offset_ = at;
  size_bytes_ = at + end().size();
}

std::uint64_t ZipLayout::directory_at(std::size_t entry) const {
  return entry < places_.size() ? places_[entry].directory : end_offset_;
}

ZipLayout::Piece ZipLayout::piece_at(std::uint64_t offset) const {
  if (offset >= end_offset_) return {Piece::Kind::kEnd, 0, 0, end_offset_, size_bytes_ - end_offset_};
  const bool in_directory = offset >= directory_offset_;
  const auto behind = std::ranges::upper_bound(places_, offset, {}, in_directory ? &Place::directory : &Place::header);
  const auto index = static_cast<std::size_t>(behind - places_.begin()) - 1;
  if (in_directory) {
    const std::size_t first = index / kPieceEntries * kPieceEntries;
    const std::size_t last = std::min(first + kPieceEntries, entries_.size());
    return {Piece::Kind::kDirectory, first, last, directory_at(first), directory_at(last) - directory_at(first)};
  }
  const ZipEntry& entry = entries_[index];
  const std::uint64_t header = places_[index].header;
  const std::uint64_t header_bytes = kHeaderBytes + entry.name.size() + header_extra_bytes(entry);
  if (offset < header + header_bytes) return {Piece::Kind::kHeader, index, index + 1, header, header_bytes};
  return {Piece::Kind::kContent, index, index + 1, header + header_bytes, entry.stored_bytes};
}

std::string ZipLayout::text(const Piece& piece) const {
  if (piece.kind == Piece::Kind::kHeader) return header(piece.first);
  if (piece.kind == Piece::Kind::kEnd) return end();
  std::string out;
  if (piece.kind == Piece::Kind::kContent) return out;
  out.reserve(piece.length);
  for (std::size_t i = piece.first; i < piece.end; ++i) append_directory(out, i);
  return out;
}

std::string ZipLayout::directory() const {
  std::string out;
  out.reserve(size_bytes_ - directory_offset_);
  for (std::size_t i = 0; i < entries_.size(); ++i) append_directory(out, i);
  return out + end();
}

// 4.3.7
std::string ZipLayout::header(std::size_t index) const {
  const ZipEntry& entry = entries_[index];
  std::string out;
  put(out, kHeaderMark);
  put_common(out, entry, places_[index].header);
  put(out, is_large(entry) ? in32(kBeyond32) : in32(entry.stored_bytes));
  put(out, is_large(entry) ? in32(kBeyond32) : in32(entry.size_bytes));
  put(out, in16(entry.name.size()));
  put(out, in16(header_extra_bytes(entry)));
  out += entry.name;
  if (is_large(entry)) {
    put(out, kZip64Extra);
    put(out, std::uint16_t{16});
    put(out, entry.size_bytes);
    put(out, entry.stored_bytes);
  }
  put_time_extra(out, entry);
  return out;
}

// 4.3.12
void ZipLayout::append_directory(std::string& out, std::size_t index) const {
  const ZipEntry& entry = entries_[index];
  const std::uint64_t offset = places_[index].header;
  put(out, kDirectoryMark);
  put(out, static_cast<std::uint16_t>(kMadeOnUnix | kVersionZip64));
  put_common(out, entry, offset);
  put(out, in32(entry.stored_bytes));
  put(out, in32(entry.size_bytes));
  put(out, in16(entry.name.size()));
  put(out, in16(directory_extra_bytes(entry, offset)));
  put(out, std::uint16_t{0});  // no comment
  put(out, std::uint16_t{0});  // on the first disk
  put(out, std::uint16_t{0});  // not known to be text
  put(out, kRegularFile);
  put(out, in32(offset));
  out += entry.name;
  if (const std::size_t numbers = zip64_numbers(entry, offset); numbers > 0) {
    put(out, kZip64Extra);
    put(out, static_cast<std::uint16_t>(8 * numbers));
    for (const std::uint64_t number : {entry.size_bytes, entry.stored_bytes, offset}) {
      if (number >= kBeyond32) put(out, number);
    }
  }
  put_time_extra(out, entry);
}

// 4.3.14 to 4.3.16
std::string ZipLayout::end() const {
  const std::uint64_t count = entries_.size();
  const std::uint64_t directory_bytes = end_offset_ - directory_offset_;
  std::string out;
  if (count >= kBeyond16 || directory_bytes >= kBeyond32 || directory_offset_ >= kBeyond32) {
    put(out, kEnd64Mark);
    put(out, std::uint64_t{kEnd64Bytes - 12});  // of what follows
    put(out, static_cast<std::uint16_t>(kMadeOnUnix | kVersionZip64));
    put(out, kVersionZip64);
    put(out, std::uint32_t{0});  // this disk
    put(out, std::uint32_t{0});  // the directory's
    put(out, count);
    put(out, count);
    put(out, directory_bytes);
    put(out, directory_offset_);
    put(out, kLocatorMark);
    put(out, std::uint32_t{0});
    put(out, end_offset_);
    put(out, std::uint32_t{1});  // disk
  }
  put(out, kEndMark);
  put(out, std::uint16_t{0});
  put(out, std::uint16_t{0});
  put(out, in16(count));
  put(out, in16(count));
  put(out, in32(directory_bytes));
  put(out, in32(directory_offset_));
  put(out, std::uint16_t{0});  // no comment
  return out;
}

}  // namespace millrace::media
