// The v1 door's finalize: what was sent becomes a video, and its processing is queued.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v1 {

// Idempotent: a repeat, also at the same time, answers the same video and queues nothing.
Answer finalize_upload(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v1
