// The page that plays a media: our own markup, style and script, and hls.js, all from this server. Nothing else may run
// or load in it (Content Security Policy), and its address, which may hold a token, is told to nobody.
#pragma once

#include <string>

#include "handlers/endpoint.h"
#include "handlers/playback/presentation.h"

namespace millrace::handlers::playback {

Answer get_page(Services& services, http::Exchange& exchange);
// Style and scripts of the page.
Answer get_player_file(Services& services, http::Exchange& exchange);

// The markup. `base`: the media's own address, "/play/ID".
std::string page_text(const media::Playable& playable, const std::string& base, const std::string& query);

// Makes the refusal one that people can read.
void show_refusal(http::Response& response, const rt::Error& error);

}  // namespace millrace::handlers::playback
