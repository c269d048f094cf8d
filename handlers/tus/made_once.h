// What an Idempotency-Key means where an upload is made with its first bytes: a repeat finds the upload that is there,
// as it is by now, whichever of the two protocols made it.
#pragma once

#include <functional>
#include <string>

#include "handlers/services.h"
#include "media/uploads/upload.h"
#include "server/http/message.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers::tus {

struct Made {
  media::Upload upload;
  bool before = false;  // by an earlier request with the same Idempotency-Key
};

using Make = std::function<rt::Task<rt::Result<media::Upload>>()>;

// `said` is what a repeat must say again: the fields, not the bytes, which go on where the upload is. A transfer that
// runs is left alone. Without a key it only makes. kConflict when the key was used with other fields.
rt::Task<rt::Result<Made>> make_once(Services& services, const http::Request& request, std::string tenant,
                                     std::string said, Make make);

}  // namespace millrace::handlers::tus
