// A place in the list of videos, as text: CREATED_MS|ID of the last one shown.
#pragma once

#include <string>
#include <string_view>

#include "media/catalog/catalog.h"
#include "server/rt/error.h"

namespace millrace::handlers::v1 {

std::string cursor_text(const media::MediaMark& mark);
// kInvalid, the field "cursor".
rt::Result<media::MediaMark> parse_cursor(std::string_view text);

}  // namespace millrace::handlers::v1
