#include "handlers/routes.h"

#include "handlers/assets/routes.h"
#include "handlers/client_v1/routes.h"
#include "handlers/oauth.h"
#include "handlers/openapi.h"
#include "handlers/operations.h"
#include "handlers/playback/routes.h"
#include "handlers/tus/routes.h"
#include "handlers/v1/routes.h"
#include "handlers/v2/routes.h"

namespace millrace::handlers {
namespace {

using http::Method;

using Open = rt::Task<http::Response> (*)(Services&, http::Exchange&);

http::Handler open(Services& services, Open handler) {
  return [&services, handler](http::Exchange& exchange) { return handler(services, exchange); };
}

void add_operations(http::Router& router, Services& services) {
  router.add(Method::kGet, "/", open(services, root));
  router.add(Method::kGet, "/healthz", open(services, healthz));
  router.add(Method::kGet, "/readyz", open(services, readyz));
  router.add(Method::kGet, "/metrics", open(services, metrics));
  router.add(Method::kGet, "/openapi.json", open(services, openapi));
  router.add(Method::kPost, "/oauth/token", open(services, issue_token));
  router.add(Method::kPost, "/realms/{tenant}/protocol/openid-connect/token", open(services, issue_token));
}

}  // namespace

void add_routes(http::Router& router, Services& services) {
  add_operations(router, services);
  v2::add_routes(router, services);
  tus::add_routes(router, services);
  client_v1::add_routes(router, services);
  v1::add_routes(router, services);
  assets::add_routes(router, services);
  playback::add_routes(router, services);
}

}  // namespace millrace::handlers
