#include "handlers/routes.h"

#include "handlers/auth.h"
#include "handlers/channels_v2.h"
#include "handlers/keys_v2.h"
#include "handlers/media_v2.h"
#include "handlers/oauth.h"
#include "handlers/operations.h"
#include "handlers/originals_v2.h"
#include "handlers/upload_put.h"
#include "handlers/uploads_v2.h"

namespace millrace::handlers {
namespace {

using http::Method;
using media::Scope;

using Open = rt::Task<http::Response> (*)(Services&, http::Exchange&);

http::Handler open(Services& services, Open handler) {
  return [&services, handler](http::Exchange& exchange) { return handler(services, exchange); };
}

constexpr media::Scopes kUploads = scopes_of({Scope::kUploads});
constexpr media::Scopes kReadMedia = scopes_of({Scope::kUploads, Scope::kDownloads, Scope::kAssets});
constexpr media::Scopes kChangeMedia = scopes_of({Scope::kUploads, Scope::kAssets});
constexpr media::Scopes kDeleteMedia = scopes_of({Scope::kUploads, Scope::kAssetsDelete});
constexpr media::Scopes kAdmin = scopes_of({Scope::kAdmin});

void add_operations(http::Router& router, Services& services) {
  router.add(Method::kGet, "/", open(services, root));
  router.add(Method::kGet, "/healthz", open(services, healthz));
  router.add(Method::kGet, "/readyz", open(services, readyz));
  router.add(Method::kGet, "/metrics", open(services, metrics));
  router.add(Method::kPost, "/oauth/token", open(services, issue_token));
  router.add(Method::kPost, "/realms/{tenant}/protocol/openid-connect/token", open(services, issue_token));
}

void add_uploads(http::Router& router, Services& services) {
  router.add(Method::kPost, "/v2/uploads", v2::with_key_once(services, kUploads, v2::create_upload));
  router.add(Method::kGet, "/v2/uploads", v2::with_key(services, kUploads, v2::list_uploads));
  router.add(Method::kGet, "/v2/uploads/{id}", v2::with_key(services, kUploads, v2::get_upload));
  router.add(Method::kDelete, "/v2/uploads/{id}", v2::with_key(services, kUploads, v2::delete_upload));
  for (const Method method : {Method::kPost, Method::kPut, Method::kPatch}) {
    router.add(method, "/v2/uploads/{id}/complete", v2::with_key(services, kUploads, v2::complete_upload));
  }
  router.add(Method::kPost, "/v2/uploads/{id}/cancel", v2::with_key(services, kUploads, v2::cancel_upload));
}

void add_media(http::Router& router, Services& services) {
  router.add(Method::kGet, "/v2/media", v2::with_key(services, kReadMedia, v2::list_media));
  router.add(Method::kGet, "/v2/media/{id}", v2::with_key(services, kReadMedia, v2::get_media));
  router.add(Method::kPatch, "/v2/media/{id}", v2::with_key(services, kChangeMedia, v2::patch_media));
  router.add(Method::kDelete, "/v2/media/{id}", v2::with_key(services, kDeleteMedia, v2::delete_media));
  router.add(Method::kPost, "/v2/media/{id}/recover", v2::with_key(services, kDeleteMedia, v2::recover_media));
  router.add(Method::kGet, "/v2/media/{id}/metadata", v2::with_key(services, kReadMedia, v2::get_metadata));
  router.add(Method::kPut, "/v2/media/{id}/metadata", v2::with_key(services, kChangeMedia, v2::put_metadata));
  router.add(Method::kGet, "/v2/media/{id}/original", v2::with_key(services, kReadMedia, v2::get_original));
}

void add_channels_and_keys(http::Router& router, Services& services) {
  router.add(Method::kGet, "/v2/channels", v2::with_key(services, kReadMedia, v2::list_channels));
  router.add(Method::kPost, "/v2/channels", v2::with_key_once(services, kUploads, v2::create_channel));
  router.add(Method::kGet, "/v2/keys", v2::with_key(services, kAdmin, v2::list_keys));
  router.add(Method::kPost, "/v2/keys", v2::with_key(services, kAdmin, v2::create_key));
  router.add(Method::kDelete, "/v2/keys/{id}", v2::with_key(services, kAdmin, v2::revoke_key));
}

}  // namespace

void add_routes(http::Router& router, Services& services) {
  add_operations(router, services);
  add_uploads(router, services);
  add_media(router, services);
  add_channels_and_keys(router, services);
}

void add_signed_routes(http::Router& router, Services& services) {
  router.add(Method::kPut, "/uploads/{id}", open(services, put_upload));
}

}  // namespace millrace::handlers
