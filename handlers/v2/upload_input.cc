#include "handlers/v2/upload_input.h"

#include "handlers/links.h"
#include "handlers/presign.h"
#include "handlers/time_text.h"
#include "handlers/tus/address.h"
#include "handlers/v2/views.h"
#include "media/buckets/bucket.h"
#include "media/uploads/upload_keys.h"
#include "server/http/json.h"

namespace millrace::handlers::v2 {
namespace {

using media::Upload;
using media::UploadType;

rt::Result<std::string> put_input(const Services& services, const http::Request& request,
                                  const media::Principal& principal, const Upload& upload) {
  auto url = presigned_put_url(services, request, principal, upload);
  if (!url) return rt::pass(url);
  http::JsonWriter json;
  json.begin_object().member("url", *url).member("method", "PUT").end_object();
  return json.take();
}

std::string tus_input(const Services& services, const http::Request& request, const media::Principal& principal,
                      const Upload& upload) {
  http::JsonWriter json;
  json.begin_object()
      .member("url", tus::signed_upload_url(services, request, principal.key_id, upload.id))
      .end_object();
  return json.take();
}

std::string multipart_input(const Services& services, const http::Request& request, const media::Principal& principal,
                            const Upload& upload) {
  const media::UploadKey key = services.tenants.upload_key(principal, upload.id);
  http::JsonWriter json;
  json.begin_object().member("endpoint", base_url(services.settings, request));
  json.member("region", services.settings.region).member("bucket", media::kUploadsBucket);
  json.member("key", media::upload_object_key(upload)).member("accessKeyId", key.access_key_id);
  json.member("secretAccessKey", key.secret_access_key).member("sessionToken", key.session_token);
  json.member("expires", time_text(upload.expires_ms));
  json.member("partSize", media::part_bytes_for(upload.declared_bytes)).end_object();
  return json.take();
}

}  // namespace

rt::Result<std::string> upload_input(const Services& services, const http::Request& request,
                                     const media::Principal& principal, const Upload& upload) {
  // Pieces and what is joined from them were made by the sender, who knows their addresses; an import sends itself.
  const bool is_import = upload.details.origin == media::Origin::kUrl;
  if (!is_open(upload) || upload.is_piece || is_joined(upload) || is_import) return std::string();
  switch (upload.type) {
    case UploadType::kPut:
      return put_input(services, request, principal, upload);
    case UploadType::kMultipart:
      return multipart_input(services, request, principal, upload);
    case UploadType::kTus:
      return tus_input(services, request, principal, upload);
    case UploadType::kForm:  // sent with the request that made it
    case UploadType::kPhased:
      break;
  }
  return std::string();
}

}  // namespace millrace::handlers::v2
