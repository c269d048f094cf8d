#include "media/catalog/moving.h"

#include <algorithm>
#include <string>

#include "server/rt/text.h"

namespace millrace::media {
namespace {

// Of names that nothing else has; those of data too (ts, dat) are left out.
constexpr std::string_view kEndings[] = {"mp4", "m4v",  "mov", "mkv", "webm", "avi", "mpg", "mpeg", "m2ts", "mts",
                                         "wmv", "flv",  "3gp", "3g2", "ogv",  "mxf", "vob", "mp3",  "m4a",  "aac",
                                         "wav", "flac", "ogg", "oga", "opus", "wma", "aif", "aiff", "caf"};

}  // namespace

bool is_said_to_move(std::string_view content_type, std::string_view file_name) {
  const std::string type = rt::lowered(content_type);
  if (type.starts_with("video/") || type.starts_with("audio/")) return true;
  if (!type.empty() && type != "application/octet-stream") return false;
  const std::size_t dot = file_name.rfind('.');
  return dot != std::string_view::npos && std::ranges::count(kEndings, rt::lowered(file_name.substr(dot + 1))) > 0;
}

}  // namespace millrace::media
