// Imports to bytes and back, as codec.h does it for the rest. Any thread.
#pragma once

#include <string>

#include "media/imports/import.h"
#include "server/rt/error.h"
#include "store/store.h"

namespace millrace::media {

std::string encode(const Import& import);
// Carries the record's revision.
rt::Result<Import> decode_import(const store::Record& record);

}  // namespace millrace::media
