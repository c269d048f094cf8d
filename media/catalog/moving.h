// What moves: video and sound, all that is encoded. Pure; any thread.
#pragma once

#include <string_view>

#include "media/catalog/media.h"

namespace millrace::media {

inline bool is_moving(MediaType type) { return type == MediaType::kVideo || type == MediaType::kAudio; }

// Whether a file is said to move, before anybody has looked inside: by its content type or, where that says nothing, by
// the ending of its name. Wrong guesses must be harmless.
bool is_said_to_move(std::string_view content_type, std::string_view file_name);

}  // namespace millrace::media
