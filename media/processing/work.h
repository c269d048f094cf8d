// What each step does between having a directory and being committed: the work of steps.h. Errors as in JobKind::run.
// On the queue's loop.
#pragma once

#include "media/processing/workshop.h"

namespace millrace::media {

// Pictures of a video's moments, of a picture in several sizes, of a document's first page.
rt::Task<rt::Result<StepResult>> make_thumbnails(StepRun run);
// The ladder of progressive files, or the sound alone.
rt::Task<rt::Result<StepResult>> make_files(StepRun run);
// CMAF tracks of those files.
rt::Task<rt::Result<StepResult>> make_tracks(StepRun run);

}  // namespace millrace::media
