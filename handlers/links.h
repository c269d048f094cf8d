// The addresses we hand out, as they are seen from outside.
#pragma once

#include <string>
#include <string_view>

#include "handlers/services.h"
#include "server/http/message.h"

namespace millrace::handlers {

// scheme://host[:port], by configuration or as the client (or its trusted proxy) named us.
std::string base_url(const Settings& settings, const http::Request& request);
// Of a playback address: `file` is "master.m3u8", "720.mp4" …; empty for the page.
std::string play_url(const Settings& settings, const http::Request& request, std::string_view playback_id,
                     std::string_view file);
// "…/v2/media/ID"
std::string media_url(const Settings& settings, const http::Request& request, const std::string& media_id);
std::string original_url(const Settings& settings, const http::Request& request, const std::string& media_id);

}  // namespace millrace::handlers
