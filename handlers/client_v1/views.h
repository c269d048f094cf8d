// How things look through the client/v1 door. Names, numbers and words are the contract's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "handlers/made_files.h"
#include "media/catalog/media.h"
#include "media/uploads/upload.h"

namespace millrace::handlers::client_v1 {

struct VideoStatus {
  int code;
  const char* text;
};

VideoStatus status_of(const media::Media& media);
// `made`: the media of a completed upload; nothing when it was deleted since.
VideoStatus status_of(const media::Upload& upload, const std::optional<media::Media>& made);

// What the answer to an upload says.
std::string accepted_view(const media::Upload& upload);
std::string upload_view(const media::Upload& upload, VideoStatus status);
// With times, as lists show it.
std::string upload_row(const media::Upload& upload, VideoStatus status);
// A video in short, as lists show it, and in full.
std::string video_row(const media::Media& media, const MadeFiles& made);
struct TextTrack {
  std::string language;
  std::string url;
};
std::string video_view(const media::Media& media, const std::string& original_url, const MadeFiles& made,
                       const std::vector<TextTrack>& text_tracks);

}  // namespace millrace::handlers::client_v1
