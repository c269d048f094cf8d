// Webhooks: addresses of a tenant that are told of its events, and what became of each delivery.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v2 {

Answer list_webhooks(Services&, http::Exchange&, media::Principal);
// {url, events?[], enabled?}. Its answer has the secret, so no Idempotency-Key keeps it.
Answer create_webhook(Services&, http::Exchange&, media::Principal);
Answer get_webhook(Services&, http::Exchange&, media::Principal);
Answer patch_webhook(Services&, http::Exchange&, media::Principal);
Answer delete_webhook(Services&, http::Exchange&, media::Principal);
Answer ping_webhook(Services&, http::Exchange&, media::Principal);
Answer list_deliveries(Services&, http::Exchange&, media::Principal);
Answer retry_delivery(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v2
