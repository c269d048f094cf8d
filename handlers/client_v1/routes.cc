#include "handlers/client_v1/routes.h"

#include "handlers/auth.h"
#include "handlers/client_v1/envelope.h"
#include "handlers/client_v1/uploads.h"
#include "handlers/client_v1/videos.h"
#include "handlers/endpoint.h"

namespace millrace::handlers::client_v1 {
namespace {

using http::Method;
using media::Scope;

constexpr media::Scopes kUploads = scopes_of({Scope::kUploads});
constexpr media::Scopes kReadVideos = scopes_of({Scope::kUploads, Scope::kDownloads, Scope::kAssets});

}  // namespace

void add_routes(http::Router& router, Services& services) {
  const Endpoints client(services, door);
  router.add(Method::kPost, "/api/client/v1/uploads", client.with_key(kUploads, upload_video));
  router.add(Method::kGet, "/api/client/v1/uploads", client.with_key(kUploads, list_uploads));
  router.add(Method::kGet, "/api/client/v1/uploads/{id}", client.with_key(kUploads, get_upload));
  router.add(Method::kGet, "/api/client/v1/videos", client.with_key(kReadVideos, list_videos));
  router.add(Method::kGet, "/api/client/v1/videos/{id}", client.with_key(kReadVideos, get_video));
  router.add(Method::kGet, "/api/client/v1/collections", client.with_key(kReadVideos, list_collections));
}

}  // namespace millrace::handlers::client_v1
