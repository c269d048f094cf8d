#include "handlers/presign.h"

#include "handlers/admission.h"
#include "handlers/auth.h"
#include "handlers/links.h"
#include "server/http/sigv4.h"

namespace millrace::handlers {
namespace {

namespace sigv4 = http::sigv4;

rt::Error error_of(const sigv4::Failure& failure) {
  const auto code = sigv4::status_of(failure.fault) == 400 ? rt::Code::kInvalid : rt::Code::kForbidden;
  return {code, failure.message, {}};
}

}  // namespace

rt::Result<std::string> presigned_put_url(const Services& services, const http::Request& request,
                                          const media::Principal& principal, const media::Upload& upload) {
  const auto key = services.tenants.access_key_of(principal.key_id);
  if (!key) return std::unexpected(key.error());
  const std::string origin = base_url(services.settings, request);
  const std::string path = "/uploads/" + upload.id;
  return sigv4::presign({.method = "PUT",
                         .origin = origin,
                         .path = path,
                         .access_key = key->id,
                         .secret_key = key->secret,
                         .region = services.settings.region,
                         .expires_seconds = services.settings.presign_seconds,
                         .now_seconds = services.clock() / 1000});
}

rt::Result<media::Principal> verify_presigned(Services& services, http::Exchange& exchange) {
  const auto away = [&](rt::Error error) { return std::unexpected(turn_away(services, exchange, std::move(error))); };
  const auto signature = sigv4::read_signature(exchange.request);
  if (!signature) return std::unexpected(error_of(signature.error()));
  if (signature->payload_hash != sigv4::kUnsignedPayload) {
    return rt::fail(rt::Code::kUnprocessable,
                    "a signed payload needs the S3 door, which this server does not offer yet");
  }
  const auto key = services.tenants.access_key(signature->access_key);
  if (!key) return away({rt::Code::kForbidden, "the access key is unknown or was revoked"});
  const auto verified = sigv4::verify(exchange.request, *signature, key->secret, services.clock() / 1000);
  if (!verified) return away(error_of(verified.error()));
  if (auto admitted = admit(services, exchange, key->principal); !admitted) return rt::pass(admitted);
  auto allowed = require_scope(key->principal, scopes_of({media::Scope::kUploads}));
  if (!allowed) return rt::pass(allowed);
  return key->principal;
}

}  // namespace millrace::handlers
