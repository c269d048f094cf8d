// The one rule of what becomes of a media whose processing ends before its end, be it that it failed or was cancelled.
#pragma once

#include <cstdint>
#include <string>

#include "media/catalog/media.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// Errored with the reason; one that was being made anew is ready with what it had, and says why it is not new. Changes
// `media`, which the caller writes, and puts the event into `transaction`; both outlive the task.
rt::Task<rt::Status> give_up(store::Store& store, Media& media, std::string reason, std::int64_t now_ms,
                             store::Transaction& transaction);

}  // namespace millrace::media
