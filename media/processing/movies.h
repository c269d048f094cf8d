// Movie files that a tool left, on their way to become renditions. On the queue's loop.
#pragma once

#include <string>

#include "media/processing/workshop.h"

namespace millrace::media {

// The bytes of `file` with what the file itself says: codecs, duration, size, bits per second. The rest of `rendition`
// is the caller's. kUnprocessable when it is no movie.
rt::Task<rt::Result<Made>> keep_movie(StepRun run, std::string file, Rendition rendition);

}  // namespace millrace::media
