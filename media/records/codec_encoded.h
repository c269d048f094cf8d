// Months of encodes to bytes and back, as codec.h does it for the rest. Any thread.
#pragma once

#include <string>

#include "media/tenants/encode_minutes.h"
#include "server/rt/error.h"
#include "store/store.h"

namespace millrace::media {

std::string encode(const EncodedMonth& month);
// Carries the record's revision.
rt::Result<EncodedMonth> decode_encoded_month(const store::Record& record);

}  // namespace millrace::media
