// The playback addresses: /play/{playbackId}/… for players, /play/{playbackId} for people.
#pragma once

#include "handlers/services.h"
#include "server/http/router.h"

namespace millrace::handlers::playback {

void add_routes(http::Router& router, Services& services);

}  // namespace millrace::handlers::playback
