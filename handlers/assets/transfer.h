// The second and third phase of an asset that is sent in chunks.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::assets {

// `upload_phase=transfer` in a form with `file_chunk` (and original_name, start_offset): 200 with the bytes to send
// next; another start_offset than that is 409 with the right one. A chunk with its start_offset before it keeps what
// arrives when the connection is cut; a chunk without is taken whole or not at all, because its sender can only repeat
// it. `upload_phase=finish`: 200 with the asset, which is processed from here on; 400 before all bytes are there.
Answer continue_asset(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::assets
