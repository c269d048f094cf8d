// What an endpoint of the tus door is: as any other (handlers/endpoint.h), but its caller may have a signed address
// instead of a key.
#pragma once

#include "handlers/endpoint.h"
#include "handlers/tus/address.h"

namespace millrace::handlers::tus {

using Call = Answer (*)(Services&, http::Exchange&, Caller);

// exchange.params[0] is the upload's id.
http::Handler at_upload(Services& services, Call call);
// kPreconditionFailed for a version of tus that is not ours; `must`: also when none is told.
rt::Status check_version(const http::Request& request, bool must);

}  // namespace millrace::handlers::tus
