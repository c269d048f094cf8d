// The v1 door's uploads: announce a file and get an address to send it to.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v1 {

// 201 with `id` and the presigned `upload_url` that takes the file in one PUT, or with `multipart` an address for each
// part.
Answer create_upload(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v1
