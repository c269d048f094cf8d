// Reads the playlist (RFC 8216) that the packager writes beside a single-file track: where its initialization segment
// and its segments lie in the file. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "media/renditions/rendition.h"
#include "server/rt/error.h"

namespace millrace::media {

inline constexpr std::size_t kPlaylistMaxBytes = 8 << 20;

struct TrackLayout {
  std::uint64_t header_bytes = 0;
  std::vector<Segment> segments;
};

// `size_bytes`: of the track's file, in which all of it must lie, one behind the other. kUnprocessable otherwise.
rt::Result<TrackLayout> parse_byte_playlist(std::string_view text, std::uint64_t size_bytes);

}  // namespace millrace::media
