// Hostile names and sizes into what archives are made of. The first byte picks. Names come out safe, unique and as they
// are when made safe again; the pieces of a layout cover it without a gap.
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <string_view>

#include "handlers/time_text.h"
#include "media/archives/names.h"
#include "media/archives/zip_layout.h"
#include "server/http/utf8.h"

namespace {

using namespace millrace;

void hold(bool fact) {
  if (!fact) __builtin_trap();
}

void names(std::string_view text) {
  media::UniqueNames unique;
  std::set<std::string> seen;
  while (!text.empty()) {
    const std::string_view wanted = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(wanted.size() + 1, text.size()));
    const std::string name = media::safe_name(wanted);
    hold(!name.empty() && name.size() <= media::kEntryNameMaxBytes + 1 && http::is_utf8(name));
    hold(name.find_first_of("/\\:*?\"<>|") == name.npos && name != "." && name != "..");
    hold(name.back() != '.' && name.back() != ' ');
    for (const unsigned char c : name) hold(c >= 0x20 && c != 0x7f);
    hold(media::safe_name(name) == name);
    hold(seen.insert(unique.take(name)).second);
  }
}

void layout(std::string_view bytes) {
  std::vector<media::ZipEntry> entries;
  while (bytes.size() >= 12 && entries.size() < 2000) {
    media::ZipEntry entry;
    std::memcpy(&entry.size_bytes, bytes.data(), 8);
    entry.size_bytes >>= bytes[8] & 63;
    entry.size_bytes >>= 12;  // all together fit 64 bits
    entry.deflated = bytes[9] & 1;
    entry.stored_bytes = entry.deflated ? entry.size_bytes / 2 : entry.size_bytes;
    entry.modified_ms = static_cast<std::int64_t>(bytes[10]) << (bytes[11] & 31);
    entry.name = std::string(1 + entries.size() % 7, 'n');
    entries.push_back(entry);
    bytes.remove_prefix(12);
  }
  const media::ZipLayout layout(entries);
  for (std::uint64_t at = 0; at < layout.size_bytes();) {
    const auto piece = layout.piece_at(at);
    hold(piece.offset == at && piece.length > 0);
    hold(layout.piece_at(at + piece.length - 1).offset == at);
    const bool is_content = piece.kind == media::ZipLayout::Piece::Kind::kContent;
    hold(is_content || layout.text(piece).size() == piece.length);
    at += piece.length;
  }
}

void time(std::string_view text) {
  const auto ms = handlers::parse_time(text);
  if (ms && *ms >= 0) hold(handlers::parse_time(handlers::time_text(*ms)) == ms);
}

constexpr void (*kTargets[])(std::string_view) = {names, layout, time};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  if (bytes == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  kTargets[data[0] % std::size(kTargets)](text);
  return 0;
}
