// Short ids: some doors name things by 20 hexadecimal digits. These are the first 80 bits of the UUID, which is the
// four first groups of its text; so the full id is found by a scan for that beginning, and no index has to be kept. 74
// of the bits are random. Any loop.
#pragma once

#include <string>
#include <string_view>

#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

std::string short_id(std::string_view uuid);

// The id below `prefix` (as keys.h makes it) that begins with these digits; kNotFound "no such <what>".
rt::Task<rt::Result<std::string>> find_by_short_id(store::Store& store, std::string prefix, std::string digits,
                                                   std::string what);

}  // namespace millrace::media
