#include "handlers/links.h"

#include "server/http/url.h"

namespace millrace::handlers {

std::string base_url(const Settings& settings, const http::Request& request) {
  if (!settings.base_url.empty()) return settings.base_url;
  return (request.peer.tls ? "https://" : "http://") + request.authority;
}

std::string play_url(const Settings& settings, const http::Request& request, std::string_view playback_id,
                     std::string_view file) {
  std::string url = base_url(settings, request) + "/play/" + http::percent_encode(playback_id);
  if (!file.empty()) url.append("/").append(http::percent_encode(file, true));
  return url;
}

std::string media_url(const Settings& settings, const http::Request& request, const std::string& media_id) {
  return base_url(settings, request) + "/v2/media/" + http::percent_encode(media_id);
}

std::string original_url(const Settings& settings, const http::Request& request, const std::string& media_id) {
  return media_url(settings, request, media_id) + "/original";
}

}  // namespace millrace::handlers
