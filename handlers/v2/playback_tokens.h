// The v2 door's tokens for media that only those may play who were given one.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v2 {

// {expires?}; the token and the addresses with it. For public media too: it does no harm there.
Answer create_playback_token(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v2
