#include "handlers/tus/routes.h"

#include "handlers/auth.h"
#include "handlers/endpoint.h"
#include "handlers/tus/creation.h"
#include "handlers/tus/envelope.h"
#include "handlers/tus/patch.h"
#include "handlers/tus/state.h"

namespace millrace::handlers::tus {
namespace {

using http::Method;
using media::Scope;

constexpr media::Scopes kUploads = scopes_of({Scope::kUploads});
constexpr media::Scopes kReadMedia = scopes_of({Scope::kUploads, Scope::kDownloads, Scope::kAssets});

}  // namespace

void add_routes(http::Router& router, Services& services) {
  const Endpoints with(services, door);
  const http::Handler abilities = [&services](http::Exchange& exchange) { return tell_abilities(services, exchange); };
  // Clients are often given the address with the slash.
  for (const char* path : {"/files", "/files/"}) {
    router.add(Method::kPost, path, with.with_key(kUploads, create));
    router.add(Method::kOptions, path, abilities);
  }
  router.add(Method::kOptions, "/files/{id}", abilities);
  router.add(Method::kHead, "/files/{id}", at_upload(services, head));
  router.add(Method::kGet, "/files/{id}", with.with_key(kReadMedia, download));
  router.add(Method::kPatch, "/files/{id}", at_upload(services, patch));
  router.add(Method::kDelete, "/files/{id}", at_upload(services, terminate));
  router.add(Method::kPost, "/files/{id}", at_upload(services, overridden));
}

}  // namespace millrace::handlers::tus
