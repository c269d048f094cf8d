// Who asks, and whether they may: from the Authorization field to a Principal. Touches neither disk nor store.
#pragma once

#include "handlers/services.h"
#include "media/tenants/principal.h"
#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers {

// kUnauthenticated without a good bearer; kForbidden unless it has one of `any_of`; kTooMany (admission.h). Notes the
// tenant in the exchange.
rt::Result<media::Principal> authenticate(Services& services, http::Exchange& exchange, media::Scopes any_of);

// kForbidden, naming what is missing, unless the principal has one of `any_of`.
rt::Status require_scope(const media::Principal& principal, media::Scopes any_of);

constexpr media::Scopes scopes_of(std::initializer_list<media::Scope> scopes) {
  media::Scopes all = 0;
  for (const media::Scope scope : scopes) all |= static_cast<media::Scopes>(scope);
  return all;
}

}  // namespace millrace::handlers
