// The v2 door's channels: list and create.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v2 {

Answer list_channels(Services&, http::Exchange&, media::Principal);
Answer create_channel(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v2
