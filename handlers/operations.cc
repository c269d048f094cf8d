#include "handlers/operations.h"

#include <algorithm>
#include <array>

#include "handlers/auth.h"
#include "handlers/v2/envelope.h"
#include "server/http/json.h"

namespace millrace::handlers {
namespace {

constexpr const char* kPlainText = "text/plain; charset=utf-8";
constexpr const char* kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::array<std::string_view, 4> kProxyFields = {"forwarded", "x-forwarded-for", "x-real-ip", "via"};

bool is_local(const http::Request& request) {
  const std::string& address = request.peer.address;
  const bool loopback = address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
  return loopback && std::ranges::none_of(kProxyFields,
                                          [&](std::string_view name) { return request.fields.get(name).has_value(); });
}

}  // namespace

rt::Task<http::Response> root(Services& services, http::Exchange&) {
  http::JsonWriter json;
  json.begin_object().member("name", "millrace").member("version", services.settings.version).end_object();
  co_return http::Response::text(200, "application/json", json.take());
}

rt::Task<http::Response> healthz(Services&, http::Exchange&) {
  co_return http::Response::text(200, kPlainText, "ok\n");
}

rt::Task<http::Response> readyz(Services& services, http::Exchange&) {
  if (services.draining.load(std::memory_order_relaxed)) {
    http::Response response = http::Response::text(503, kPlainText, "draining\n");
    response.fields.add("retry-after", "1");
    co_return response;
  }
  co_return http::Response::text(200, kPlainText,
                                 services.store.stats().full ? "ready to read, disk full\n" : "ready\n");
}

rt::Task<http::Response> metrics(Services& services, http::Exchange& exchange) {
  if (!is_local(exchange.request)) {
    const auto principal = authenticate(services, exchange, scopes_of({media::Scope::kAdmin}));
    if (!principal) co_return v2::refuse(principal.error());
  }
  co_return http::Response::text(200, kPrometheusText, services.metrics_text());
}

}  // namespace millrace::handlers
