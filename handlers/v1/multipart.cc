#include "handlers/v1/multipart.h"

#include "handlers/links.h"
#include "handlers/v1/ids.h"
#include "media/buckets/bucket.h"
#include "media/uploads/upload_keys.h"
#include "server/http/json.h"
#include "server/http/sigv4.h"
#include "server/rt/event.h"

namespace millrace::handlers::v1 {
namespace {

using media::Upload;

media::MultipartRef ref_of(const Upload& upload, std::string upload_id) {
  return {upload.tenant, std::string(media::kUploadsBucket), media::upload_object_key(upload), std::move(upload_id)};
}

// Addresses signed before others have their turn.
constexpr std::uint64_t kUrlsPerTurn = 64;

// What signs the parts of one multipart upload: the upload's own key, which opens nothing else.
struct Signer {
  const std::string origin;
  const std::string path;
  const std::string upload_id;
  const media::UploadKey key;
  const http::sigv4::Presigner presigner;

  Signer(const Services& services, std::string base, const media::MultipartRef& ref, media::UploadKey upload_key)
      : origin(std::move(base)),
        path("/" + ref.bucket + "/" + ref.key),
        upload_id(ref.id),
        key(std::move(upload_key)),
        presigner({.method = "PUT",
                   .origin = origin,
                   .path = path,
                   .access_key = key.access_key_id,
                   .secret_key = key.secret_access_key,
                   .region = services.settings.region,
                   .expires_seconds = services.settings.presign_seconds,
                   .now_seconds = services.clock() / 1000,
                   .query = {},
                   .session_token = key.session_token}) {}
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  std::string part_url(std::uint64_t number) const {
    return presigner.url({{"partNumber", std::to_string(number)}, {"uploadId", upload_id}});
  }
};

rt::Task<std::string> view(const Signer& signer, const Upload& upload) {
  const std::uint64_t bytes = upload.declared_bytes.value_or(0);
  const std::uint64_t part_bytes = media::part_bytes_for(upload.declared_bytes);
  http::JsonWriter json;
  json.begin_object().member("id", id_text(kUpload, upload.id)).member("upload_id", signer.upload_id);
  json.member("part_size", part_bytes).key("parts").begin_array();
  for (std::uint64_t number = 1; (number - 1) * part_bytes < bytes; ++number) {
    json.begin_object().member("partNumber", number).member("url", signer.part_url(number)).end_object();
    if (number % kUrlsPerTurn == 0) co_await rt::yield();
  }
  json.end_array().end_object();
  co_return json.take();
}

// What does not fit is something the client said of its parts.
rt::Error renamed(rt::Error error) {
  switch (error.code) {
    case rt::Code::kNotFound:
    case rt::Code::kInvalid:
    case rt::Code::kUnprocessable:
    case rt::Code::kConflict:
    case rt::Code::kTooLarge:
      return {rt::Code::kInvalid, std::move(error.message), error.field == "uploadId" ? "upload_id" : "parts"};
    default:
      return error;
  }
}

}  // namespace

rt::Task<rt::Result<std::string>> start_multipart(Services& services, const http::Request& request,
                                                  const media::Principal& principal, const Upload& upload) {
  const media::MultipartRef ref = ref_of(upload, {});
  media::NewMultipart input{.tenant = ref.tenant, .bucket = ref.bucket, .key = ref.key};
  input.headers.content_type = upload.content_type;
  auto multipart = co_await services.multiparts.create(std::move(input));
  if (!multipart) co_return rt::pass(multipart);
  const Signer signer(services, base_url(services.settings, request), multipart->ref,
                      services.tenants.upload_key(principal, upload.id));
  co_return co_await view(signer, upload);
}

rt::Task<rt::Status> join_parts(Services& services, const Upload& upload, std::string upload_id,
                                std::vector<media::NamedPart> parts) {
  auto joined =
      co_await services.multiparts.complete(ref_of(upload, std::move(upload_id)), {.parts = std::move(parts)});
  if (!joined) co_return std::unexpected(renamed(std::move(joined.error())));
  co_return rt::Status();
}

}  // namespace millrace::handlers::v1
