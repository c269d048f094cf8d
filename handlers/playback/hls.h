// HLS playlists (RFC 8216) over CMAF tracks. Addresses in them are relative to the playlist's own. Pure; any thread.
#pragma once

#include <string>

#include "handlers/playback/presentation.h"

namespace millrace::handlers::playback {

// A variant for each video track, with the first audio track beside it and the transcripts as subtitles; of sound alone
// a variant for each audio track.
std::string master_playlist(const Presentation& presentation);
std::string media_playlist(const media::Rendition& track, const std::string& query);
// One WebVTT file as long as the media, beside the playlist.
std::string text_playlist(const Presentation& presentation, const std::string& language);

}  // namespace millrace::handlers::playback
