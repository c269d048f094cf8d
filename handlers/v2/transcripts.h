// The v2 door's transcripts of a media: which there are or will be, and the words to take away.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v2 {

Answer list_transcripts(Services&, http::Exchange&, media::Principal);
// transcriptDownloadType=json|txt|srt|vtt; json when it is not said.
Answer download_transcript(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v2
