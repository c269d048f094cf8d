#include "handlers/v2/routes.h"

#include "handlers/auth.h"
#include "handlers/endpoint.h"
#include "handlers/open_endpoint.h"
#include "handlers/v2/channels.h"
#include "handlers/v2/downloads.h"
#include "handlers/v2/envelope.h"
#include "handlers/v2/events.h"
#include "handlers/v2/imports.h"
#include "handlers/v2/keys.h"
#include "handlers/v2/media.h"
#include "handlers/v2/originals.h"
#include "handlers/v2/playback_tokens.h"
#include "handlers/v2/transcripts.h"
#include "handlers/v2/uploads.h"
#include "handlers/v2/webhooks.h"

namespace millrace::handlers::v2 {
namespace {

using http::Method;
using media::Scope;

constexpr media::Scopes kUploads = scopes_of({Scope::kUploads});
constexpr media::Scopes kImports = scopes_of({Scope::kImports});
constexpr media::Scopes kReadMedia = scopes_of({Scope::kUploads, Scope::kDownloads, Scope::kAssets});
constexpr media::Scopes kChangeMedia = scopes_of({Scope::kUploads, Scope::kAssets});
constexpr media::Scopes kDeleteMedia = scopes_of({Scope::kUploads, Scope::kAssetsDelete});
constexpr media::Scopes kWebhooks = scopes_of({Scope::kWebhooks});
constexpr media::Scopes kFollow = scopes_of({Scope::kWebhooks, Scope::kUploads, Scope::kAssets});
constexpr media::Scopes kDownloads = scopes_of({Scope::kDownloads});
constexpr media::Scopes kAdmin = scopes_of({Scope::kAdmin});

void add_uploads(http::Router& router, const Endpoints& v2) {
  router.add(Method::kPost, "/v2/uploads", v2.with_key_once(kUploads, create_upload));
  router.add(Method::kGet, "/v2/uploads", v2.with_key(kUploads, list_uploads));
  router.add(Method::kGet, "/v2/uploads/{id}", v2.with_key(kUploads, get_upload));
  router.add(Method::kDelete, "/v2/uploads/{id}", v2.with_key(kUploads, delete_upload));
  for (const Method method : {Method::kPost, Method::kPut, Method::kPatch}) {
    router.add(method, "/v2/uploads/{id}/complete", v2.with_key(kUploads, complete_upload));
  }
  router.add(Method::kPost, "/v2/uploads/{id}/cancel", v2.with_key(kUploads, cancel_upload));
}

void add_imports(http::Router& router, const Endpoints& v2) {
  router.add(Method::kPost, "/v2/uploads/imports", v2.with_key_once(kImports, create_import));
  router.add(Method::kGet, "/v2/uploads/imports", v2.with_key(kImports, list_imports));
  router.add(Method::kGet, "/v2/uploads/imports/{id}", v2.with_key(kImports, get_import));
  router.add(Method::kDelete, "/v2/uploads/imports/{id}", v2.with_key(kImports, delete_import));
  router.add(Method::kPost, "/v2/uploads/imports/{id}/cancel", v2.with_key(kImports, cancel_import));
  router.add(Method::kPost, "/v2/uploads/imports/{id}/retry", v2.with_key(kImports, retry_import));
}

void add_media(http::Router& router, const Endpoints& v2) {
  router.add(Method::kGet, "/v2/media", v2.with_key(kReadMedia, list_media));
  router.add(Method::kGet, "/v2/media/{id}", v2.with_key(kReadMedia, get_media));
  router.add(Method::kPatch, "/v2/media/{id}", v2.with_key(kChangeMedia, patch_media));
  router.add(Method::kDelete, "/v2/media/{id}", v2.with_key(kDeleteMedia, delete_media));
  router.add(Method::kPost, "/v2/media/{id}/recover", v2.with_key(kDeleteMedia, recover_media));
  router.add(Method::kPost, "/v2/media/{id}/reprocess", v2.with_key(kChangeMedia, reprocess_media));
  router.add(Method::kPost, "/v2/media/{id}/cancel", v2.with_key(kChangeMedia, cancel_media));
  router.add(Method::kGet, "/v2/media/{id}/metadata", v2.with_key(kReadMedia, get_metadata));
  router.add(Method::kPut, "/v2/media/{id}/metadata", v2.with_key(kChangeMedia, put_metadata));
  router.add(Method::kGet, "/v2/media/{id}/metadata/transcripts", v2.with_key(kReadMedia, list_transcripts));
  router.add(Method::kGet, "/v2/media/{id}/metadata/transcripts/{tid}/download",
             v2.with_key(kReadMedia, download_transcript));
  router.add(Method::kPost, "/v2/media/{id}/playback-token", v2.with_key_once(kReadMedia, create_playback_token));
  router.add(Method::kGet, "/v2/media/{id}/original", v2.with_key(kReadMedia, get_original));
}

void add_downloads(http::Router& router, const Endpoints& v2, Services& services) {
  const http::Handler create = v2.with_key_once(kDownloads, create_download);
  const http::Handler create_open = without_key(services, door, create_download_for_nobody);
  const http::Handler get = v2.with_key(kDownloads, get_download);
  const http::Handler get_open = without_key(services, door, get_download_of_nobody);
  router.add(Method::kPost, "/v2/downloads", with_or_without_key(create, create_open));
  router.add(Method::kGet, "/v2/downloads", v2.with_key(kDownloads, list_downloads));
  router.add(Method::kGet, "/v2/downloads/{id}", with_or_without_key(get, get_open));
  router.add(Method::kDelete, "/v2/downloads/{id}", v2.with_key(kDownloads, delete_download));
  router.add(Method::kGet, "/v2/downloads/file/{fileId}", without_key(services, door, get_download_file));
}

void add_channels_and_keys(http::Router& router, const Endpoints& v2) {
  router.add(Method::kGet, "/v2/channels", v2.with_key(kReadMedia, list_channels));
  router.add(Method::kPost, "/v2/channels", v2.with_key_once(kUploads, create_channel));
  router.add(Method::kGet, "/v2/keys", v2.with_key(kAdmin, list_keys));
  router.add(Method::kPost, "/v2/keys", v2.with_key(kAdmin, create_key));
  router.add(Method::kDelete, "/v2/keys/{id}", v2.with_key(kAdmin, revoke_key));
}

void add_events(http::Router& router, const Endpoints& v2) {
  router.add(Method::kGet, "/v2/events", with_token_in_query(v2.with_key(kFollow, follow_events)));
  router.add(Method::kGet, "/v2/webhooks", v2.with_key(kWebhooks, list_webhooks));
  router.add(Method::kPost, "/v2/webhooks", v2.with_key(kWebhooks, create_webhook));
  router.add(Method::kGet, "/v2/webhooks/{id}", v2.with_key(kWebhooks, get_webhook));
  router.add(Method::kPatch, "/v2/webhooks/{id}", v2.with_key(kWebhooks, patch_webhook));
  router.add(Method::kDelete, "/v2/webhooks/{id}", v2.with_key(kWebhooks, delete_webhook));
  router.add(Method::kPost, "/v2/webhooks/{id}/ping", v2.with_key(kWebhooks, ping_webhook));
  router.add(Method::kGet, "/v2/webhooks/{id}/deliveries", v2.with_key(kWebhooks, list_deliveries));
  router.add(Method::kPost, "/v2/webhooks/{id}/deliveries/{delivery}/retry", v2.with_key(kWebhooks, retry_delivery));
}

}  // namespace

void add_routes(http::Router& router, Services& services) {
  const Endpoints v2(services, door);
  add_uploads(router, v2);
  add_imports(router, v2);
  add_media(router, v2);
  add_downloads(router, v2, services);
  add_channels_and_keys(router, v2);
  add_events(router, v2);
}

}  // namespace millrace::handlers::v2
