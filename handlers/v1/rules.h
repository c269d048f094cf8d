// What the v1 door asks of texts, beyond the domain's limits.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/rt/error.h"

namespace millrace::handlers::v1 {

inline constexpr std::size_t kTitleMaxCharacters = 255;
inline constexpr std::size_t kDescriptionMaxCharacters = 4096;
inline constexpr std::size_t kPassthroughMaxCharacters = 2048;

// kInvalid, naming the field, when it is longer.
rt::Status check_length(const std::optional<std::string>& text, const char* field, std::size_t characters_max);
// video/… or audio/… in any case: /^(video|audio)\/[a-z0-9.+-]+$/i.
rt::Status check_mime_type(std::string_view text);

}  // namespace millrace::handlers::v1
