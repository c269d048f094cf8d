// For those who run the server: is it alive, can it serve, what does it count.
#pragma once

#include "handlers/services.h"
#include "server/http/message.h"
#include "server/rt/task.h"

namespace millrace::handlers {

rt::Task<http::Response> root(Services&, http::Exchange&);
// The process answers.
rt::Task<http::Response> healthz(Services&, http::Exchange&);
// It can serve: 503 while it drains. A full disk is told, but reads go on, so it is ready.
rt::Task<http::Response> readyz(Services&, http::Exchange&);
// Without a key for a scraper on the same host, else for keys with scope admin. A request that came through a proxy is
// never from the same host.
rt::Task<http::Response> metrics(Services&, http::Exchange&);

}  // namespace millrace::handlers
