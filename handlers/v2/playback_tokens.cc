#include "handlers/v2/playback_tokens.h"

#include "handlers/input.h"
#include "handlers/links.h"
#include "handlers/time_text.h"
#include "handlers/v2/envelope.h"
#include "media/playback/playback.h"

namespace millrace::handlers::v2 {
namespace {

rt::Result<std::optional<std::int64_t>> expiry_of(const http::Json& json) {
  const auto text = json.text("expires");
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  const auto time_ms = parse_time(**text);
  if (time_ms) return time_ms;
  return rt::fail(rt::Code::kInvalid, "expires must be a time like 2026-12-31T23:59:59Z", "expires");
}

std::string token_view(const Services& services, const http::Request& request, const std::string& media_id,
                       const media::PlaybackToken& token) {
  const auto url = [&](std::string_view file) {
    return play_url(services.settings, request, media_id, file) + "?token=" + token.text;
  };
  http::JsonWriter json;
  json.begin_object().member("token", token.text).member("expiresAt", time_text(token.expires_ms));
  json.key("urls").begin_object().member("page", url("")).member("hls", url("master.m3u8"));
  json.member("dash", url("manifest.mpd")).end_object().end_object();
  return json.take();
}

}  // namespace

Answer create_playback_token(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  const auto expires_ms = expiry_of(*json);
  if (!expires_ms) co_return std::unexpected(expires_ms.error());
  auto media = co_await services.catalog.find(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  const auto token = services.playback.token(media->id, *expires_ms);
  if (!token) co_return std::unexpected(token.error());
  co_return success(201, token_view(services, exchange.request, media->id, *token));
}

}  // namespace millrace::handlers::v2
