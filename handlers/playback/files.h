// The playback addresses that are bytes: progressive files, pictures, and the pieces of tracks; and the playlist of a
// track, which stands beside them.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::playback {

// {name}.{extension} of a rendition, or {track}.m3u8.
Answer get_file(Services& services, http::Exchange& exchange);
// {track}/init.mp4 and {track}/{number}.m4s: parts of the track's one object.
Answer get_piece(Services& services, http::Exchange& exchange);

}  // namespace millrace::handlers::playback
