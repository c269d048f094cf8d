// Text inside XML and HTML, also inside quoted attributes.
#pragma once

#include <string>
#include <string_view>

namespace millrace::handlers::playback {

// Control characters, which neither may hold, are left out.
std::string escaped(std::string_view text);

}  // namespace millrace::handlers::playback
