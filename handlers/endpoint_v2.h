// What an endpoint of the v2 door is: one function that gets who asks and gives a response or an error. Around it
// stand the key check and the envelope.
#pragma once

#include "handlers/services.h"
#include "media/principal.h"
#include "server/http/message.h"
#include "server/http/router.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers::v2 {

using Answer = rt::Task<rt::Result<http::Response>>;
using Endpoint = Answer (*)(Services&, http::Exchange&, media::Principal);

// For callers with a key that has one of `any_of`.
http::Handler with_key(Services& services, media::Scopes any_of, Endpoint endpoint);
// The same for a POST that creates: an Idempotency-Key replays the first answer.
http::Handler with_key_once(Services& services, media::Scopes any_of, Endpoint endpoint);

}  // namespace millrace::handlers::v2
