// New assets: a file in one form, or the start of one that is sent in chunks.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::assets {

// A form with the file `source` (and `label`): 201 with the asset. Or `upload_phase=start` with `file_size` (and
// `label`), as JSON or a form: 201 with the asset's id and the bytes to send first.
Answer create_asset(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::assets
