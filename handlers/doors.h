// Which door a path belongs to, so that a request that reaches no endpoint is still refused in the words its client
// knows.
#pragma once

#include <string_view>

#include "handlers/door.h"

namespace millrace::handlers {

const Door& door_at(std::string_view path);

}  // namespace millrace::handlers
