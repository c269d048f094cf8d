// PATCH /files/{id}: more bytes of an upload. The media type tells the protocol: application/offset+octet-stream of tus
// 1.0, application/partial-upload of the draft (resumable.h).
#pragma once

#include "handlers/tus/endpoint.h"

namespace millrace::handlers::tus {

Answer patch(Services&, http::Exchange&, Caller);

}  // namespace millrace::handlers::tus
