#include "handlers/s3/auth.h"

#include "handlers/admission.h"

namespace millrace::handlers::s3 {
namespace {

namespace sigv4 = http::sigv4;

constexpr std::string_view kService = "s3";

struct Credential {
  std::string secret;
  media::Principal principal;
  std::optional<media::UploadAccess> confined;
};

Result<Credential> permanent(const Services& services, const sigv4::Signature& signature) {
  auto key = services.tenants.access_key(signature.access_key);
  if (!key) {
    return refuse(reasons::kInvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records.");
  }
  return Credential{std::move(key->secret), std::move(key->principal), std::nullopt};
}

Result<Credential> temporary(const Services& services, const sigv4::Signature& signature) {
  auto access = services.tenants.upload_access(signature.access_key, signature.session_token);
  if (!access) return refuse(reasons::kInvalidToken, "The provided token is malformed or otherwise invalid.");
  return Credential{access->secret, access->principal, *access};
}

Refusal turned_away(Services& services, http::Exchange& exchange, Refusal refusal) {
  rt::Error error = turn_away(services, exchange, {rt::Code::kUnauthenticated, {}});
  return error.code == rt::Code::kTooMany ? Refusal(error) : refusal;
}

}  // namespace

Result<Caller> authenticate(Services& services, http::Exchange& exchange) {
  if (sigv4::is_signed_by_version_2(exchange.request)) {
    return refuse(reasons::kInvalidRequest,
                  "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
  }
  auto signature = sigv4::read_signature(exchange.request);
  if (!signature) return std::unexpected(Refusal(signature.error()));
  if (signature->service != kService) {
    return std::unexpected(Refusal(sigv4::Failure{sigv4::Fault::kAuthorizationHeaderMalformed,
                                                  "The authorization header is malformed; the service is not s3."}));
  }
  auto credential =
      signature->session_token.empty() ? permanent(services, *signature) : temporary(services, *signature);
  if (!credential) return std::unexpected(turned_away(services, exchange, std::move(credential.error())));
  const auto verified = sigv4::verify(exchange.request, *signature, credential->secret, services.clock() / 1000);
  if (!verified) return std::unexpected(turned_away(services, exchange, verified.error()));
  if (auto admitted = admit(services, exchange, credential->principal); !admitted) return pass(admitted);
  const http::Sha256Digest key = sigv4::signing_key(credential->secret, *signature);
  return Caller{std::move(credential->principal), std::move(*signature), key, std::move(credential->confined)};
}

}  // namespace millrace::handlers::s3
