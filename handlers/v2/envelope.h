// The answers of the v2 door in their one shape, JSend: {status, data, message}. `success` with data, `fail` for what
// the caller did, `error` for what happened to us. The only place where an rt::Error becomes a v2 response.
#pragma once

#include <string>

#include "handlers/door.h"
#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers::v2 {

extern const Door door;

// `data` is JSON.
http::Response success(int status, std::string_view data);
http::Response refuse(const rt::Error& error);
// As refuse(), with JSON of the door's own for `data`.
http::Response refuse(const rt::Error& error, std::string_view data);

}  // namespace millrace::handlers::v2
