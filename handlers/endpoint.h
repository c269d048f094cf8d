// What an endpoint is, whatever its door: one function that gets who asks and gives a response or an error. Around it
// stand the key check, the Idempotency-Key and the door's envelope.
#pragma once

#include <functional>
#include <string>

#include "handlers/door.h"
#include "handlers/services.h"
#include "media/tenants/principal.h"
#include "server/http/message.h"
#include "server/http/router.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers {

using Answer = rt::Task<rt::Result<http::Response>>;
using Endpoint = Answer (*)(Services&, http::Exchange&, media::Principal);

// What an Idempotency-Key promises, for an endpoint that has taken its body in itself: does `work`, or replays its
// first answer. `said` is what a repeat must repeat. Without the field it only works. kInvalid when the field is
// malformed.
Answer once(Services& services, const http::Exchange& exchange, const media::Principal& principal, std::string said,
            const std::function<Answer()>& work);

// The endpoints of one door, for callers with a key.
class Endpoints {
 public:
  // Both outlive the handlers that are made here.
  Endpoints(Services& services, const Door& door) : services_(services), door_(door) {}

  // The key must have one of `any_of`.
  http::Handler with_key(media::Scopes any_of, Endpoint endpoint) const;
  // The same for a POST that creates: an Idempotency-Key replays the first answer.
  http::Handler with_key_once(media::Scopes any_of, Endpoint endpoint) const;

 private:
  Services& services_;
  const Door& door_;
};

}  // namespace millrace::handlers
