// Who was let in and who was not, counted: the rate limits that stand below all doors. Every way in (a bearer, a
// signature, a signed address) ends in one of the two. Touches neither disk nor store.
#pragma once

#include "handlers/services.h"
#include "media/tenants/principal.h"
#include "media/tenants/rate_limit.h"
#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers {

// Notes the tenant in the exchange, and what it may still ask for. kTooMany when it asks too often.
rt::Status admit(Services& services, http::Exchange& exchange, const media::Principal& principal);

// Someone without a key, where none is needed: kTooMany when this address asks too often.
rt::Status admit_stranger(Services& services, http::Exchange& exchange, media::Rate rate);

// For a key, a signature or a token that is wrong: the error to answer, which is kTooMany when this address tries too
// often. Good keys from there are never held up.
rt::Error turn_away(Services& services, http::Exchange& exchange, rt::Error error);

// RateLimit-* as the exchange has it, and Retry-After once there is nothing left.
void add_allowance(const http::Exchange& exchange, http::Fields& fields);

}  // namespace millrace::handlers
