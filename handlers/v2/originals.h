// The uploaded bytes of a media: whole or a range, conditionally, from the page cache to the socket.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v2 {

// GET and HEAD.
Answer get_original(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v2
