// Resumable Uploads for HTTP (draft-ietf-httpbis-resumable-upload-12, interop version 8) on the resources that tus 1.0
// works on. The sender says with Upload-Complete whether a request brings the end of the file.
#pragma once

#include <string>

#include "handlers/endpoint.h"

namespace millrace::handlers::tus {

// True for a request that has a valid Upload-Complete and is not of tus 1.0.
bool is_resumable(const http::Request& request);
// The body is the file or its beginning; its name is in Content-Disposition, its type in Content-Type. A 104 response
// tells where the upload can be continued before the first byte is read, unless the client speaks another version.
Answer create_resumable(Services&, http::Exchange&, std::string tenant);
Answer append_resumable(Services&, http::Exchange&, std::string tenant);

}  // namespace millrace::handlers::tus
