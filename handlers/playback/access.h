// Who may play what: from a playback address to the media, if its policy lets whoever asks.
#pragma once

#include <memory>
#include <string>

#include "handlers/services.h"
#include "media/playback/playback.h"
#include "server/http/message.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers::playback {

struct Admitted {
  std::shared_ptr<const media::Playable> playable;
  std::string query;  // what the addresses of its parts carry on: "?token=…", or nothing
  bool is_public() const noexcept { return playable->media.details.policy == media::PlaybackPolicy::kPublic; }
};

// The media of the path's first parameter, which is its id or `play_…`. Anyone plays what is public; the owner's bearer
// plays without a token. kNotFound, kUnauthenticated, kForbidden, kTooMany (admission.h).
rt::Task<rt::Result<Admitted>> admitted(Services& services, http::Exchange& exchange);

}  // namespace millrace::handlers::playback
