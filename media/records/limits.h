// How much text a tenant may attach to its things.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/rt/error.h"

namespace millrace::media {

inline constexpr std::size_t kTitleMaxBytes = 1024;
inline constexpr std::size_t kFileNameMaxBytes = 1024;
// Names and values together.
inline constexpr std::size_t kMetadataMaxBytes = std::size_t{64} << 10;
inline constexpr std::size_t kLanguagesMax = 64;
inline constexpr std::size_t kLanguageMaxBytes = 35;

// What people read and programs pass on as one line.
struct TextRule {
  std::string_view what;  // "a title"
  std::string_view field;
  std::size_t bytes_min;
  std::size_t bytes_max;
};
// kInvalid when it is too short, too long or has control characters.
rt::Status check_text(std::string_view text, const TextRule& rule);

// kInvalid, the field "metadata".
rt::Status check_metadata(const std::map<std::string, std::string>& metadata);
// kInvalid, the field "transcriptLanguageCodes". Codes are BCP 47 tags (RFC 5646 §4.4.1 allows for 35 bytes).
rt::Status check_languages(const std::vector<std::string>& codes);

}  // namespace millrace::media
