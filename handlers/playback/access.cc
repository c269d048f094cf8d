#include "handlers/playback/access.h"

#include "handlers/admission.h"
#include "handlers/auth.h"
#include "handlers/input.h"
#include "handlers/v1/ids.h"
#include "server/http/url.h"

namespace millrace::handlers::playback {
namespace {

using media::Scope;

constexpr media::Scopes kReadMedia = scopes_of({Scope::kUploads, Scope::kDownloads, Scope::kAssets});

std::string id_of(const http::Exchange& exchange) {
  const std::string& text = exchange.params[0];
  return text.starts_with(v1::kPlayback) ? text.substr(v1::kPlayback.size()) : text;
}

rt::Status admit_owner(Services& services, http::Exchange& exchange, const media::Media& media) {
  const auto principal = authenticate(services, exchange, kReadMedia);
  if (!principal) return std::unexpected(principal.error());
  if (principal->tenant == media.tenant) return {};
  return rt::fail(rt::Code::kNotFound, "there is no media with this playback id");
}

rt::Status admit_bearer_of_token(Services& services, http::Exchange& exchange, const media::Media& media,
                                 std::string_view token) {
  auto good = services.playback.check_token(media, token);
  if (good || good.error().code != rt::Code::kForbidden) return good;
  return std::unexpected(turn_away(services, exchange, std::move(good.error())));
}

}  // namespace

rt::Task<rt::Result<Admitted>> admitted(Services& services, http::Exchange& exchange) {
  auto found = co_await services.playback.find(id_of(exchange));
  if (!found) co_return rt::pass(found);
  Admitted entry{std::move(*found), {}};
  if (entry.is_public()) co_return entry;
  const auto query = query_of(exchange.request);
  if (!query) co_return std::unexpected(query.error());
  const std::string token = value_of(*query, "token").value_or("");
  const bool by_key = token.empty() && exchange.request.fields.get("authorization");
  const auto good = by_key ? admit_owner(services, exchange, entry.playable->media)
                           : admit_bearer_of_token(services, exchange, entry.playable->media, token);
  if (!good) co_return std::unexpected(good.error());
  if (!by_key) entry.query = "?token=" + http::percent_encode(token);
  co_return entry;
}

}  // namespace millrace::handlers::playback
