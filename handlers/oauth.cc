#include "handlers/oauth.h"

#include "handlers/admission.h"
#include "handlers/input.h"
#include "server/http/crypto.h"

namespace millrace::handlers {
namespace {

constexpr std::string_view kBasic = "Basic ";

struct Credentials {
  std::string id;
  std::string secret;
};

http::Response answer(int status, http::JsonWriter& json) {
  http::Response response = http::Response::text(status, "application/json", json.take());
  response.fields.add("cache-control", "no-store");
  return response;
}

http::Response refuse(int status, std::string_view error, std::string_view description) {
  http::JsonWriter json;
  json.begin_object().member("error", error).member("error_description", description).end_object();
  http::Response response = answer(status, json);
  if (status != 429 && status != 503) response.fields.add("x-should-retry", "false");
  if (status == 401) response.fields.add("www-authenticate", "Basic realm=\"millrace\"");
  return response;
}

std::optional<Credentials> basic_credentials(std::string_view field) {
  const auto pair = http::base64_decode(field.substr(kBasic.size()));
  if (!pair) return std::nullopt;
  const std::size_t colon = pair->find(':');
  if (colon == std::string::npos) return std::nullopt;
  // Both halves are form-encoded before they are joined (§2.3.1).
  auto id = http::percent_decode(pair->substr(0, colon), true);
  auto secret = http::percent_decode(pair->substr(colon + 1), true);
  if (!id || !secret) return std::nullopt;
  return Credentials{std::move(*id), std::move(*secret)};
}

std::optional<Credentials> credentials_of(const http::Request& request, const http::Pairs& form) {
  // A field of another scheme, the bearer of a session for one, is not about the client.
  const auto field = request.fields.get("authorization");
  if (field && field->starts_with(kBasic)) return basic_credentials(*field);
  auto id = value_of(form, "client_id");
  auto secret = value_of(form, "client_secret");
  if (!id || !secret) return std::nullopt;
  return Credentials{std::move(*id), std::move(*secret)};
}

std::string scope_text(media::Scopes scopes) {
  std::string text;
  for (const std::string& word : media::scope_words(scopes)) text += (text.empty() ? "" : " ") + word;
  return text;
}

// RFC 6749 has no word for asking too often; this one of its authorization endpoint says it.
http::Response turned_away(Services& services, http::Exchange& exchange, const rt::Error& error) {
  const rt::Error told = turn_away(services, exchange, error);
  if (told.code == rt::Code::kTooMany) return refuse(429, "temporarily_unavailable", told.message);
  return refuse(401, "invalid_client", "the client is unknown or its secret is wrong");
}

http::Response not_read(const rt::Error& error) {
  const bool may_pass = error.code == rt::Code::kUnavailable;
  http::Response response = refuse(error.code == rt::Code::kTooLarge ? 413
                                   : may_pass                        ? 503
                                                                     : 400,
                                   may_pass ? "temporarily_unavailable" : "invalid_request", error.message);
  if (may_pass) response.fields.add("retry-after", "1");
  return response;
}

}  // namespace

rt::Task<http::Response> issue_token(Services& services, http::Exchange& exchange) {
  const auto form = co_await read_form(exchange);
  if (!form) co_return not_read(form.error());
  const auto grant = value_of(*form, "grant_type");
  if (!grant) co_return refuse(400, "invalid_request", "grant_type is missing");
  if (*grant != "client_credentials") {
    co_return refuse(400, "unsupported_grant_type", "grant_type must be client_credentials");
  }
  const auto credentials = credentials_of(exchange.request, *form);
  if (!credentials) co_return refuse(401, "invalid_client", "client_id and client_secret are needed");
  std::optional<std::string_view> tenant;
  if (!exchange.params.empty()) tenant = exchange.params[0];
  const auto token = services.tenants.issue_token(credentials->id, credentials->secret, tenant);
  if (!token) co_return turned_away(services, exchange, token.error());
  http::JsonWriter json;
  json.begin_object().member("access_token", token->bearer).member("token_type", "Bearer");
  json.member("expires_in", token->expires_in_seconds).member("scope", scope_text(token->scopes)).end_object();
  co_return answer(200, json);
}

}  // namespace millrace::handlers
