// The records of renditions to bytes and back (media.proto), as codec.h does it for the others. Any thread.
#pragma once

#include <string>

#include "media/renditions/rendition.h"
#include "server/rt/error.h"
#include "store/store.h"

namespace millrace::media {

std::string encode(const Rendition& rendition);
rt::Result<Rendition> decode_rendition(const store::Record& record);

}  // namespace millrace::media
