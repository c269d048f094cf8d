// The playback addresses that name others: the HLS playlists, the DASH manifest and the subtitles.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::playback {

rt::Task<rt::Result<http::Response>> get_master(Services& services, http::Exchange& exchange);
rt::Task<rt::Result<http::Response>> get_manifest(Services& services, http::Exchange& exchange);
// text/{lang}.vtt and text/{lang}.m3u8
rt::Task<rt::Result<http::Response>> get_text(Services& services, http::Exchange& exchange);

}  // namespace millrace::handlers::playback
