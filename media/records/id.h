// Names for new things. Any thread.
#pragma once

#include <string>

namespace millrace::media {

// A random UUID (version 4).
std::string new_uuid();

}  // namespace millrace::media
