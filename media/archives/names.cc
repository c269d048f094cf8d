#include "media/archives/names.h"

#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "server/http/utf8.h"

namespace millrace::media {
namespace {

constexpr std::size_t kExtensionMaxBytes = 16;
constexpr std::string_view kForbidden = "<>:\"/\\|?*";
constexpr std::string_view kReplacement = "_";

constexpr std::array<std::string_view, 6> kReserved = {"con", "prn", "aux", "nul", "conin$", "conout$"};
// COM and LPT go with any of these.
constexpr std::array<std::string_view, 12> kPorts = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"};

// Of a valid sequence.
char32_t code_point(std::string_view sequence) {
  constexpr std::array<unsigned char, 5> kLeadBits = {0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t code = static_cast<unsigned char>(sequence[0]) & kLeadBits[sequence.size()];
  for (const char c : sequence.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3f);
  return code;
}

void append_utf8(std::string& out, char32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
    return;
  }
  const int rest = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr std::array<unsigned char, 4> kLead = {0, 0xc0, 0xe0, 0xf0};
  out.push_back(static_cast<char>(kLead[static_cast<std::size_t>(rest)] | code >> (6 * rest)));
  for (int i = rest - 1; i >= 0; --i) out.push_back(static_cast<char>(0x80 | (code >> (6 * i) & 0x3f)));
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

// Invisible, and makes "gpj.exe" read "exe.jpg".
bool is_direction(char32_t code) {
  return (code >= 0x200e && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0x061c || code == 0xfeff;
}

bool is_blank(char c) { return c == ' ' || c == '.'; }

std::string_view trimmed(std::string_view name) {
  while (name.starts_with(' ')) name.remove_prefix(1);
  while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
  return name;
}

std::string clean(std::string_view wanted) {
  std::string name;
  for (std::size_t i = 0; i < wanted.size();) {
    const std::size_t length = http::utf8_length(wanted, i);
    const std::string_view sequence = wanted.substr(i, std::max<std::size_t>(length, 1));
    i += sequence.size();
    if (length == 0 || is_control(code_point(sequence)) || kForbidden.contains(sequence[0])) {
      name += kReplacement;
    } else if (!is_direction(code_point(sequence))) {
      name += sequence;
    }
  }
  return name;
}

// At most so many bytes, cut between characters.
std::string_view shortened(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

// As Windows and macOS compare: lower case, of every script.
std::string folded(std::string_view name) {
  static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out;
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t length = std::max<std::size_t>(http::utf8_length(name, i), 1);
    const char32_t code = code_point(name.substr(i, length));
    const auto wide = static_cast<wint_t>(code);
    append_utf8(out, static_cast<char32_t>(unicode ? towlower_l(wide, unicode) : towlower(wide)));
    i += length;
  }
  return out;
}

// Names of devices, whatever their extension.
bool is_reserved(std::string_view name) {
  const std::string stem = folded(trimmed(name.substr(0, name.find('.'))));
  if (std::ranges::count(kReserved, stem) > 0) return true;
  const bool port = stem.starts_with("com") || stem.starts_with("lpt");
  return port && std::ranges::count(kPorts, std::string_view(stem).substr(3)) > 0;
}

std::string unreserved(std::string name) {
  if (name.empty()) return "file";
  return is_reserved(name) ? std::string(kReplacement) + name : name;
}

}  // namespace

std::string_view stem_of(std::string_view name) { return name.substr(0, name.size() - extension_of(name).size()); }

std::string_view extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.size() - dot > kExtensionMaxBytes) return {};
  return name.substr(dot);
}

std::string safe_name(std::string_view wanted) {
  const std::string cleaned = clean(wanted);
  std::string name = unreserved(std::string(trimmed(cleaned)));
  if (name.size() <= kEntryNameMaxBytes) return name;
  const std::string extension(extension_of(name));
  const std::string_view stem = shortened(stem_of(name), kEntryNameMaxBytes - extension.size());
  return unreserved(std::string(trimmed(stem)) + extension);
}

std::string UniqueNames::take(std::string name) {
  std::size_t& last = taken_[folded(name)];
  if (last++ == 0) return name;
  for (;; ++last) {
    std::string numbered(stem_of(name));
    numbered.append(" (").append(std::to_string(last)).append(")").append(extension_of(name));
    if (taken_.try_emplace(folded(numbered), 1).second) return numbered;
  }
}

}  // namespace millrace::media
