// Bytes that can be asked for as a whole, in part and on conditions (RFC 9110 §13 and §14), whatever they are: a stored
// file, an archive that is made while it is sent.
#pragma once

#include <functional>

#include "handlers/door.h"
#include "handlers/endpoint.h"
#include "handlers/representation_fields.h"
#include "server/http/range.h"

namespace millrace::handlers {

// Makes a range the body; it lies inside.
using SetBody = std::function<rt::Task<rt::Status>(http::Response&, http::ByteRange)>;

// The answer to GET and HEAD. `door` words a range that cannot be satisfied; `what` outlives the answer.
Answer represent(const http::Exchange& exchange, const Door& door, const Representation& what, SetBody set_body);

}  // namespace millrace::handlers
