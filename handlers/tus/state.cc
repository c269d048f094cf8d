#include "handlers/tus/state.h"

#include "handlers/original_response.h"
#include "handlers/tus/envelope.h"
#include "handlers/tus/fields.h"
#include "handlers/tus/patch.h"
#include "handlers/tus/resource.h"
#include "handlers/tus/sending.h"
#include "server/http/url.h"

namespace millrace::handlers::tus {
namespace {

using media::Upload;

constexpr const char* kExtensions =
    "creation,creation-with-upload,creation-defer-length,expiration,checksum,checksum-trailer,termination,"
    "concatenation,concatenation-unfinished";

std::string concat_of(const Upload& upload) {
  if (upload.is_piece) return "partial";
  std::string field = "final;";
  for (const std::string& piece : upload.pieces) {
    field += (field.back() == ';' ? "/files/" : " /files/") + http::percent_encode(piece);
  }
  return field;
}

void add_length(http::Response& response, const Upload& upload) {
  if (const auto expected = expected_bytes(upload)) {
    response.fields.add("upload-length", std::to_string(*expected));
  } else if (!is_joined(upload)) {
    response.fields.add("upload-defer-length", "1");
  }
}

// An upload that is joined from others has no offset until it is (tus 1.0, "Concatenation").
http::Response tus_state(const Upload& upload) {
  http::Response response = reply(200);
  if (!is_joined(upload) || upload.whole) add_progress(response, upload);
  add_length(response, upload);
  if (const std::string metadata = write_metadata(upload.metadata); !metadata.empty()) {
    response.fields.add("upload-metadata", metadata);
  }
  if (upload.is_piece || is_joined(upload)) response.fields.add("upload-concat", concat_of(upload));
  return response;
}

http::Response draft_state(const Services& services, const Upload& upload) {
  http::Response response = reply(204);
  add_progress(response, upload);
  if (const auto expected = expected_bytes(upload)) {
    response.fields.add("upload-length", std::to_string(*expected));
  }
  response.fields.add("upload-complete", upload.whole ? "?1" : "?0");
  response.fields.add("upload-limit", limits_of(services, upload.tenant, &upload));
  return response;
}

}  // namespace

rt::Task<http::Response> tell_abilities(Services& services, http::Exchange& exchange) {
  http::Response response = reply(204);
  const std::string bytes_max = std::to_string(services.settings.upload_bytes_max);
  response.fields.add("tus-version", kTusVersion);
  response.fields.add("tus-extension", kExtensions);
  response.fields.add("tus-max-size", bytes_max);
  response.fields.add("tus-checksum-algorithm", checksum_algorithms());
  response.fields.add("accept-patch", kAcceptPatch);
  response.fields.add("upload-limit", "max-size=" + bytes_max);
  response.fields.add("allow", exchange.params.empty() ? "POST, OPTIONS" : "HEAD, GET, PATCH, DELETE, POST, OPTIONS");
  co_return response;
}

Answer head(Services& services, http::Exchange& exchange, Caller caller) {
  const bool is_tus = exchange.request.fields.get("tus-resumable").has_value();
  auto upload = co_await settle_upload(services, caller.principal.tenant, exchange.params[0], is_tus);
  if (!upload) co_return rt::pass(upload);
  http::Response response = is_tus ? tus_state(*upload) : draft_state(services, *upload);
  response.fields.add("cache-control", "no-store");
  add_media(response, *upload);
  co_return response;
}

Answer terminate(Services& services, http::Exchange& exchange, Caller caller) {
  const std::string& tenant = caller.principal.tenant;
  auto upload = co_await find_upload(services, tenant, exchange.params[0]);
  if (!upload) co_return rt::pass(upload);
  if (upload->state == media::UploadState::kCompleted) {
    if (caller.by_address) co_return rt::fail(rt::Code::kForbidden, "a completed upload is removed with a key");
    auto removed = co_await services.uploads.remove(tenant, upload->id);
    if (!removed) co_return rt::pass(removed);
  } else {
    auto cancelled = co_await services.uploads.cancel(tenant, upload->id);
    if (!cancelled) co_return rt::pass(cancelled);
  }
  co_return reply(204);
}

Answer download(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto upload = co_await find_upload(services, principal.tenant, exchange.params[0]);
  if (!upload) co_return rt::pass(upload);
  const std::string& media = upload->duplicate_of.empty() ? upload->media_id : upload->duplicate_of;
  if (media.empty()) co_return rt::fail(rt::Code::kConflict, "the upload is not a finished file");
  co_return co_await original_response(services, exchange, door, principal.tenant, media);
}

Answer overridden(Services& services, http::Exchange& exchange, Caller caller) {
  const std::string_view wanted = exchange.request.fields.get("x-http-method-override").value_or("");
  switch (http::method_of(wanted)) {
    case http::Method::kPatch:
      return patch(services, exchange, std::move(caller));
    case http::Method::kHead:
      return head(services, exchange, std::move(caller));
    case http::Method::kDelete:
      return terminate(services, exchange, std::move(caller));
    default:
      break;
  }
  return [](std::string method) -> Answer {
    co_return rt::fail(rt::Code::kMethod, "X-HTTP-Method-Override must be PATCH, HEAD or DELETE", std::move(method));
  }("x-http-method-override");
}

}  // namespace millrace::handlers::tus
