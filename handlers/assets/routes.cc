#include "handlers/assets/routes.h"

#include "handlers/assets/assets.h"
#include "handlers/assets/create.h"
#include "handlers/assets/envelope.h"
#include "handlers/assets/transfer.h"
#include "handlers/auth.h"
#include "handlers/endpoint.h"

namespace millrace::handlers::assets {
namespace {

using http::Method;
using media::Scope;

constexpr media::Scopes kUse = scopes_of({Scope::kAssets});
constexpr media::Scopes kPublish = scopes_of({Scope::kAssetsPublish});
constexpr media::Scopes kDelete = scopes_of({Scope::kAssetsDelete});

}  // namespace

void add_routes(http::Router& router, Services& services) {
  const Endpoints assets(services, door);
  router.add(Method::kPost, "/assets", assets.with_key(kPublish, create_asset));
  router.add(Method::kPost, "/assets/{id}/multipart", assets.with_key(kPublish, continue_asset));
  router.add(Method::kGet, "/assets", assets.with_key(kUse, list_assets));
  router.add(Method::kGet, "/assets/{id}", assets.with_key(kUse, get_asset));
  router.add(Method::kPut, "/assets/{id}", assets.with_key(kUse, put_asset));
  router.add(Method::kDelete, "/assets/{id}", assets.with_key(kDelete, delete_asset));
}

}  // namespace millrace::handlers::assets
