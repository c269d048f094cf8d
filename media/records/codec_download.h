// The records of downloads and of what they hold to bytes and back (media.proto), as codec.h does it for the others.
// Any thread.
#pragma once

#include <string>

#include "media/downloads/download.h"
#include "media/downloads/holds.h"
#include "server/rt/error.h"
#include "store/store.h"

namespace millrace::media {

std::string encode(const Download& download);
std::string encode(const Hold& hold);
rt::Result<Download> decode_download(const store::Record& record);
rt::Result<Hold> decode_hold(const store::Record& record);

}  // namespace millrace::media
