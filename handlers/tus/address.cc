#include "handlers/tus/address.h"

#include "handlers/admission.h"
#include "handlers/auth.h"
#include "handlers/input.h"
#include "handlers/links.h"
#include "server/http/url.h"

namespace millrace::handlers::tus {
namespace {

constexpr media::Scopes kUploads = scopes_of({media::Scope::kUploads});

std::string subject_of(const std::string& upload_id) { return "send " + upload_id; }

}  // namespace

std::string upload_url(const Settings& settings, const http::Request& request, const std::string& upload_id) {
  return base_url(settings, request) + "/files/" + http::percent_encode(upload_id);
}

std::string signed_upload_url(const Services& services, const http::Request& request, const std::string& key_id,
                              const std::string& upload_id) {
  return upload_url(services.settings, request, upload_id) +
         "?token=" + http::percent_encode(services.tenants.capability(key_id, subject_of(upload_id)));
}

rt::Result<Caller> caller_at(Services& services, http::Exchange& exchange, const std::string& upload_id) {
  const auto query = query_of(exchange.request);
  if (!query) return std::unexpected(query.error());
  const auto token = value_of(*query, "token");
  const bool by_address = token && !exchange.request.fields.get("authorization");
  if (!by_address) {
    auto principal = authenticate(services, exchange, kUploads);
    if (!principal) return rt::pass(principal);
    return Caller{std::move(*principal), false};
  }
  auto principal = services.tenants.authenticate_capability(*token, subject_of(upload_id));
  if (!principal) return std::unexpected(turn_away(services, exchange, std::move(principal.error())));
  if (auto admitted = admit(services, exchange, *principal); !admitted) return rt::pass(admitted);
  if (auto allowed = require_scope(*principal, kUploads); !allowed) return rt::pass(allowed);
  return Caller{std::move(*principal), true};
}

}  // namespace millrace::handlers::tus
