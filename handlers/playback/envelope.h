// How the playback addresses say no: to programs as the v2 door does, to people in a page.
#pragma once

#include "handlers/door.h"

namespace millrace::handlers::playback {

extern const Door door;

}  // namespace millrace::handlers::playback
