#include "handlers/auth.h"

#include "handlers/admission.h"
#include "server/rt/text.h"

namespace millrace::handlers {
namespace {

constexpr std::string_view kBearer = "Bearer ";

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " or ") + word;
  return text;
}

rt::Result<std::string_view> bearer_of(const http::Fields& fields) {
  const auto value = fields.get("authorization");
  if (!value) return rt::fail(rt::Code::kUnauthenticated, "a key is needed: Authorization: Bearer sk-…");
  if (value->size() <= kBearer.size() || !rt::same_word(value->substr(0, kBearer.size()), kBearer)) {
    return rt::fail(rt::Code::kUnauthenticated, "the Authorization field is not of the form: Bearer KEY");
  }
  return value->substr(kBearer.size());
}

}  // namespace

rt::Result<media::Principal> authenticate(Services& services, http::Exchange& exchange, media::Scopes any_of) {
  const auto bearer = bearer_of(exchange.request.fields);
  if (!bearer) return std::unexpected(bearer.error());
  auto principal = services.tenants.authenticate(*bearer);
  if (!principal) return std::unexpected(turn_away(services, exchange, std::move(principal.error())));
  if (auto admitted = admit(services, exchange, *principal); !admitted) return rt::pass(admitted);
  if (auto allowed = require_scope(*principal, any_of); !allowed) return rt::pass(allowed);
  return principal;
}

rt::Status require_scope(const media::Principal& principal, media::Scopes any_of) {
  if ((principal.scopes & any_of) != 0) return {};
  return rt::fail(rt::Code::kForbidden, "the key lacks the scope " + joined(media::scope_words(any_of)));
}

}  // namespace millrace::handlers
