// Ids of the v1 door: a word for the kind and 20 hexadecimal digits, which begin the domain's id
// (media/catalog/short_id.h).
#pragma once

#include <string>
#include <string_view>

#include "server/rt/error.h"

namespace millrace::handlers::v1 {

inline constexpr std::string_view kUpload = "up_";
inline constexpr std::string_view kVideo = "vid_";
inline constexpr std::string_view kPlayback = "play_";

std::string id_text(std::string_view kind, std::string_view id);
// The digits; kNotFound for an id of another kind.
rt::Result<std::string> digits_of(std::string_view kind, std::string_view text);

}  // namespace millrace::handlers::v1
