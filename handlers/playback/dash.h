// A DASH manifest (ISO/IEC 23009-1) over the same CMAF tracks and segments as the HLS playlists. Pure; any thread.
#pragma once

#include <string>

#include "handlers/playback/presentation.h"

namespace millrace::handlers::playback {

std::string dash_manifest(const Presentation& presentation);

}  // namespace millrace::handlers::playback
