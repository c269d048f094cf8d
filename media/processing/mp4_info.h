// Reads from an MP4 file (ISO/IEC 14496-12) what playlists must say of it: its duration and, for each track, the codec
// as RFC 6381 writes it. Only the few boxes on the way are read, however long the file; what is not understood is left
// out. Pure but for the reading; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "server/rt/error.h"

namespace millrace::media {

struct Mp4Info {
  std::int64_t duration_ms = 0;  // 0: the file does not say, as one in fragments
  std::string codecs;            // "avc1.64001f,mp4a.40.2", in the order of the tracks
};

// Gives `length` bytes from `offset`, or fewer where the file ends.
using ReadAt = std::function<std::string(std::uint64_t offset, std::size_t length)>;

// kUnprocessable when there is no movie box or too much of it.
rt::Result<Mp4Info> read_mp4_info(const ReadAt& read, std::uint64_t size_bytes);

}  // namespace millrace::media
