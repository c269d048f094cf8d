// PUT to the presigned address of an upload: the bytes, from the first or (with Content-Range) from where an
// interrupted one stopped; a piece from the first byte begins anew. 200 when the file is whole, 308 with
// `Range: bytes=0-LAST` when more is to come; a wrong offset is 409 with the right one. A size that differs from the
// announced one, or from piece to piece, is refused.
#pragma once

#include "handlers/services.h"
#include "server/http/message.h"
#include "server/rt/task.h"

namespace millrace::handlers {

// Checks the signature itself; exchange.params[0] is the upload's id.
rt::Task<http::Response> put_upload(Services& services, http::Exchange& exchange);

}  // namespace millrace::handlers
