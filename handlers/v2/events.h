// GET /v2/events: what happens, as server-sent events.
#pragma once

#include "handlers/endpoint.h"
#include "server/http/router.h"

namespace millrace::handlers::v2 {

// ?types= (names with commas, "media.*"), ?subject= (an id), ?lastEventId= or the field Last-Event-ID: from behind that
// event on; else from now on. Runs until the peer leaves or the server drains.
Answer follow_events(Services&, http::Exchange&, media::Principal);

// For pages: EventSource cannot send Authorization, so a token may come as `access_token` in the query (RFC 6750 §2.3).
// Tokens only, which end by themselves: an address is easily seen by others, and a key would be good for ever.
http::Handler with_token_in_query(http::Handler inner);

}  // namespace millrace::handlers::v2
