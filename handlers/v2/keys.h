// Keys: what `millrace key` calls, for callers with scope admin. The operator, an admin of the tenant `default`, may
// name another tenant; a tenant is made with its first key.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v2 {

// ?tenant=
Answer list_keys(Services&, http::Exchange&, media::Principal);
// {name?, scopes?[], tenant?}: all scopes but admin when none are named.
Answer create_key(Services&, http::Exchange&, media::Principal);
Answer revoke_key(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v2
