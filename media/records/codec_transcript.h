// The records of transcripts to bytes and back (media.proto), as codec.h does it for the others. Any thread.
#pragma once

#include <string>

#include "media/transcripts/transcript.h"
#include "server/rt/error.h"
#include "store/store.h"

namespace millrace::media {

std::string encode(const Transcript& transcript);
rt::Result<Transcript> decode_transcript(const store::Record& record);

}  // namespace millrace::media
