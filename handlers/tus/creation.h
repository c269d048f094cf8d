// POST /files of tus 1.0: creation, with the first bytes or without, with the length or later, of a file, of a piece or
// of a file that is joined from pieces. An upload made here has no other call that ends it: the last byte makes its
// media.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::tus {

// By Upload-Complete of the draft (resumable.h), else of tus 1.0.
Answer create(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::tus
