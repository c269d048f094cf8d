#include "handlers/v1/routes.h"

#include "handlers/auth.h"
#include "handlers/endpoint.h"
#include "handlers/v1/envelope.h"
#include "handlers/v1/finalize.h"
#include "handlers/v1/imported.h"
#include "handlers/v1/uploads.h"
#include "handlers/v1/videos.h"

namespace millrace::handlers::v1 {
namespace {

using http::Method;
using media::Scope;

constexpr media::Scopes kUploads = scopes_of({Scope::kUploads});
constexpr media::Scopes kImports = scopes_of({Scope::kImports});
constexpr media::Scopes kReadVideos = scopes_of({Scope::kUploads, Scope::kDownloads, Scope::kAssets});
constexpr media::Scopes kChangeVideos = scopes_of({Scope::kUploads, Scope::kAssets});
constexpr media::Scopes kDeleteVideos = scopes_of({Scope::kUploads, Scope::kAssetsDelete});

}  // namespace

void add_routes(http::Router& router, Services& services) {
  const Endpoints v1(services, door);
  router.add(Method::kPost, "/v1/uploads", v1.with_key_once(kUploads, create_upload));
  router.add(Method::kPost, "/v1/uploads/{id}/finalize", v1.with_key_once(kUploads, finalize_upload));
  router.add(Method::kPost, "/v1/videos", v1.with_key_once(kImports, import_video));
  router.add(Method::kGet, "/v1/videos", v1.with_key(kReadVideos, list_videos));
  router.add(Method::kGet, "/v1/videos/{id}", v1.with_key(kReadVideos, get_video));
  router.add(Method::kPatch, "/v1/videos/{id}", v1.with_key(kChangeVideos, patch_video));
  router.add(Method::kDelete, "/v1/videos/{id}", v1.with_key(kDeleteVideos, delete_video));
}

}  // namespace millrace::handlers::v1
