// Deflate (RFC 1951) of texts that are at hand as a whole. The only door to zlib. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "server/rt/error.h"

namespace millrace::media {

// Without any header. Equal texts give equal bytes as long as zlib stays the same: who must send them again keeps them.
rt::Result<std::string> deflate(std::string_view text);

}  // namespace millrace::media
