// Running ffmpeg for a step while its own progress reaches the job and the media. On the queue's loop.
#pragma once

#include <cstdint>

#include "media/processing/tool.h"
#include "media/processing/workshop.h"

namespace millrace::media {

// What encoding fills of the percentage of a media; the rest comes with the packaging, at once.
inline constexpr std::uint32_t kEncodePercent = 90;

// As run_tool(); the command says its -progress on stdout, of `whole_ms` (0: unknown) for `percent_max` of the whole.
rt::Task<rt::Result<ProcessResult>> run_metered(StepRun run, Tool tool, std::int64_t whole_ms,
                                                std::uint32_t percent_max);

}  // namespace millrace::media
