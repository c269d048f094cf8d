#include "media/processing/mp4_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace millrace::media {
namespace {

constexpr int kBoxesMax = 1000;  // looked at, all together
constexpr std::size_t kEntryMaxBytes = 64 << 10;
constexpr std::size_t kBoxHeadBytes = 16;
// What stands before the child boxes of a sample entry (ISO/IEC 14496-12, 12.1.3 and 12.2.3).
constexpr std::size_t kVideoEntryBytes = 78;
constexpr std::size_t kAudioEntryBytes = 28;
constexpr std::int64_t kDurationMaxMs = std::int64_t{100} * 365 * 24 * 3600 * 1000;

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t length) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i) {
    value = value << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
  }
  return value;
}

std::uint8_t byte(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(number(bytes, at, 1)); }

struct Box {
  std::string type;
  std::uint64_t content = 0;  // where it begins
  std::uint64_t end = 0;
};

// The child box of a run of bytes in memory: its content.
std::optional<std::string_view> child(std::string_view boxes, std::string_view type) {
  while (boxes.size() >= 8) {
    const std::uint64_t size = number(boxes, 0, 4);
    if (size < 8 || size > boxes.size()) return std::nullopt;
    if (boxes.substr(4, 4) == type) return boxes.substr(8, size - 8);
    boxes.remove_prefix(size);
  }
  return std::nullopt;
}

// --- codecs ---

std::string avc_codec(std::string_view config) {
  return fmt::format("avc1.{:02x}{:02x}{:02x}", byte(config, 1), byte(config, 2), byte(config, 3));
}

// ISO/IEC 14496-15, annex E.3.
std::string hevc_codec(std::string_view config) {
  constexpr const char* kSpaces[] = {"", "A", "B", "C"};
  std::uint32_t reversed = 0;
  const auto flags = static_cast<std::uint32_t>(number(config, 2, 4));
  for (int bit = 0; bit < 32; ++bit) reversed |= (flags >> bit & 1u) << (31 - bit);
  const std::uint8_t first = byte(config, 1);
  std::string codec = fmt::format("hvc1.{}{}.{:X}.{}{}", kSpaces[first >> 6], first & 31, reversed,
                                  (first & 32) != 0 ? 'H' : 'L', byte(config, 12));
  std::size_t constraints = 6;
  while (constraints > 0 && byte(config, 5 + constraints) == 0) --constraints;
  for (std::size_t i = 0; i < constraints; ++i) codec += fmt::format(".{:X}", byte(config, 6 + i));
  return codec;
}

// AV1 Codec ISO Media File Format Binding, 5.
std::string av1_codec(std::string_view config) {
  const std::uint8_t second = byte(config, 1);
  const std::uint8_t third = byte(config, 2);
  const bool twelve = (third & 0x20) != 0;
  const int bits = (third & 0x40) == 0 ? 8 : twelve ? 12 : 10;
  return fmt::format("av01.{}.{:02}{}.{:02}", second >> 5, second & 31, (third & 0x80) != 0 ? 'H' : 'M', bits);
}

// One descriptor of ISO/IEC 14496-1, 8.3.3: a tag and a length of up to four bytes.
struct Descriptor {
  std::uint8_t tag = 0;
  std::string_view content;
};

std::optional<Descriptor> take_descriptor(std::string_view& bytes) {
  if (bytes.empty()) return std::nullopt;
  Descriptor found{byte(bytes, 0), {}};
  std::size_t at = 1;
  std::size_t length = 0;
  for (int i = 0; i < 4 && at < bytes.size(); ++i) {
    const std::uint8_t next = byte(bytes, at++);
    length = length << 7 | (next & 127u);
    if ((next & 128) == 0) break;
  }
  found.content = bytes.substr(std::min(at, bytes.size()), length);
  bytes.remove_prefix(std::min(bytes.size(), at + length));
  return found;
}

// "mp4a.40.2": the object type, and for MPEG-4 audio that of the decoder's configuration.
std::string mp4a_codec(std::string_view esds) {
  if (esds.size() < 4) return "mp4a";
  esds.remove_prefix(4);  // version and flags
  const auto stream = take_descriptor(esds);
  if (!stream || stream->content.size() < 3) return "mp4a";
  std::string_view inside = stream->content.substr(3);  // encoders write no optional fields
  const auto decoder = take_descriptor(inside);
  if (!decoder || decoder->content.size() < 13) return "mp4a";
  const std::uint8_t type = byte(decoder->content, 0);
  std::string_view rest = decoder->content.substr(13);
  const auto specific = take_descriptor(rest);
  if (type != 0x40 || !specific || specific->content.empty()) return fmt::format("mp4a.{:02x}", type);
  return fmt::format("mp4a.{:02x}.{}", type, byte(specific->content, 0) >> 3);
}

std::string codec_of_entry(std::string_view type, std::string_view content) {
  const auto config = [&](std::size_t before, std::string_view box) -> std::optional<std::string_view> {
    return content.size() > before ? child(content.substr(before), box) : std::nullopt;
  };
  if (const auto avc = config(kVideoEntryBytes, "avcC")) return avc_codec(*avc);
  if (const auto hevc = config(kVideoEntryBytes, "hvcC")) return hevc_codec(*hevc);
  if (const auto av1 = config(kVideoEntryBytes, "av1C")) return av1_codec(*av1);
  if (const auto esds = config(kAudioEntryBytes, "esds")) return mp4a_codec(*esds);
  return std::string(type);
}

// --- the way to them ---

class Walk {
 public:
  Walk(const ReadAt& read, std::uint64_t size) : read_(read), size_(size) {}

  rt::Result<Mp4Info> run() {
    const auto movie = find(0, size_, "moov");
    if (!movie) return rt::fail(rt::Code::kUnprocessable, "the file holds no movie");
    each(movie->content, movie->end, [this](const Box& box) {
      if (box.type == "mvhd") read_duration(box);
      if (box.type == "trak") read_track(box);
    });
    if (left_ <= 0) return rt::fail(rt::Code::kUnprocessable, "the file has too many boxes");
    return info_;
  }

 private:
  std::optional<Box> box_at(std::uint64_t offset, std::uint64_t end) {
    if (--left_ <= 0 || end - offset < 8) return std::nullopt;
    const std::string head = read_(offset, kBoxHeadBytes);
    if (head.size() < 8) return std::nullopt;
    std::uint64_t size = number(head, 0, 4);
    std::uint64_t head_bytes = 8;
    if (size == 1) {
      size = number(head, 8, 8);
      head_bytes = 16;
    }
    if (size == 0) size = end - offset;
    if (size < head_bytes || size > end - offset) return std::nullopt;
    return Box{head.substr(4, 4), offset + head_bytes, offset + size};
  }

  template <class Visit>
  void each(std::uint64_t offset, std::uint64_t end, Visit visit) {
    while (offset < end) {
      const auto box = box_at(offset, end);
      if (!box) return;
      visit(*box);
      offset = box->end;
    }
  }

  std::optional<Box> find(std::uint64_t offset, std::uint64_t end, std::string_view type) {
    while (offset < end) {
      auto box = box_at(offset, end);
      if (!box || box->type == type) return box;
      offset = box->end;
    }
    return std::nullopt;
  }

  void read_duration(const Box& box) {
    const std::string head = read_(box.content, 32);
    const bool wide = byte(head, 0) == 1;
    const std::uint64_t scale = number(head, wide ? 20 : 12, 4);
    const std::uint64_t units = number(head, wide ? 24 : 16, wide ? 8 : 4);
    if (scale == 0) return;
    const double ms = static_cast<double>(units) * 1000 / static_cast<double>(scale);
    if (ms < static_cast<double>(kDurationMaxMs)) info_.duration_ms = static_cast<std::int64_t>(ms + 0.5);
  }

  void read_track(const Box& track) {
    std::optional<Box> box = track;
    for (const char* type : {"mdia", "minf", "stbl", "stsd"}) {
      box = find(box->content, box->end, type);
      if (!box) return;
    }
    // Version, flags and count stand before the first entry, which is the only one that encoders write.
    const auto entry = box->end - box->content > 8 ? box_at(box->content + 8, box->end) : std::nullopt;
    if (!entry || entry->end - entry->content > kEntryMaxBytes) return;
    const std::string content = read_(entry->content, entry->end - entry->content);
    if (!info_.codecs.empty()) info_.codecs += ',';
    info_.codecs += codec_of_entry(entry->type, content);
  }

  const ReadAt& read_;
  const std::uint64_t size_;
  int left_ = kBoxesMax;
  Mp4Info info_;
};

}  // namespace

rt::Result<Mp4Info> read_mp4_info(const ReadAt& read, std::uint64_t size_bytes) { return Walk(read, size_bytes).run(); }

}  // namespace millrace::media
