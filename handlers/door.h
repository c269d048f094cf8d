// A door is a public API with its own words: how it says no differs from door to door, everything else around an
// endpoint (endpoint.h) is the same for all.
#pragma once

#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers {

struct Door {
  // The response that tells the error in the door's envelope.
  http::Response (*refuse)(const rt::Error& error, const http::Exchange& exchange);
};

}  // namespace millrace::handlers
