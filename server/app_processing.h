// From the configuration to what the processing of media takes, as app_limits.h does it for the other parts.
#pragma once

#include "media/jail/jail.h"
#include "media/processing/pipeline.h"
#include "media/processing/steps.h"
#include "media/processing/transcribe.h"
#include "server/ops/config.h"

namespace millrace {

media::ProcessingOptions processing_options(const ops::Config& config);
media::PipelineLimits pipeline_limits(const ops::Config& config);
media::TranscribeOptions transcribe_options(const ops::Config& config);
media::JailPriority jail_priority(const ops::Config& config);

}  // namespace millrace
