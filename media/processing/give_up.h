// The one rule of what becomes of a media whose processing ends before its end, be it that it failed or was cancelled.
#pragma once

#include <cstdint>
#include <string>

#include "media/catalog/media.h"
#include "store/store.h"

namespace millrace::media {

// Errored with the reason; one that was ready and being made anew is ready with what is there by then (each step
// replaces its own), and says why that is not all new. Changes `media`, which the caller writes, and puts the event
// into `transaction`.
void give_up(Media& media, const std::string& reason, std::int64_t now_ms, store::Transaction& transaction);

}  // namespace millrace::media
