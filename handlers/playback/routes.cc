#include "handlers/playback/routes.h"

#include "handlers/endpoint.h"
#include "handlers/playback/envelope.h"
#include "handlers/playback/files.h"
#include "handlers/playback/page.h"
#include "handlers/playback/playlists.h"

namespace millrace::handlers::playback {
namespace {

using Open = Answer (*)(Services&, http::Exchange&);

rt::Task<http::Response> answered(Services& services, http::Exchange& exchange, Open endpoint) {
  auto result = co_await endpoint(services, exchange);
  if (!result) co_return door.refuse(result.error(), exchange);
  co_return std::move(*result);
}

}  // namespace

void add_routes(http::Router& router, Services& services) {
  const auto add = [&](const char* pattern, Open endpoint) {
    router.add(http::Method::kGet, pattern,
               [&services, endpoint](http::Exchange& exchange) { return answered(services, exchange, endpoint); });
  };
  add("/play/{id}", get_page);
  add("/play/{id}/master.m3u8", get_master);
  add("/play/{id}/manifest.mpd", get_manifest);
  add("/play/{id}/{file}", get_file);
  add("/play/{id}/text/{file}", get_text);
  add("/play/{id}/{track}/{piece}", get_piece);
  add("/player/{file}", get_player_file);
}

}  // namespace millrace::handlers::playback
