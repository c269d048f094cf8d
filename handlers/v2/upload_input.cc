#include "handlers/v2/upload_input.h"

#include "handlers/links.h"
#include "handlers/presign.h"
#include "handlers/v2/views.h"
#include "media/bucket.h"
#include "media/upload_keys.h"
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

rt::Result<UploadType> offered_type(const std::string& word) {
  const auto type = media::parse_upload_type(word);
  if (!type) return rt::fail(rt::Code::kInvalid, "type must be multipart, put or tus", "type");
  if (*type != UploadType::kTus) return *type;
  return rt::fail(rt::Code::kUnprocessable,
                  "type \"tus\" needs the tus door, which this server does not offer yet; use \"multipart\" or \"put\"",
                  "type");
}

rt::Result<std::string> upload_input(const Services& services, const http::Request& request,
                                     const media::Principal& principal, const Upload& upload) {
  if (!is_open(upload)) return std::string();
  if (upload.type == UploadType::kPut) return put_input(services, request, principal, upload);
  if (upload.type == UploadType::kMultipart) return multipart_input(services, request, principal, upload);
  return std::string();
}

}  // namespace millrace::handlers::v2
