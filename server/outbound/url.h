// URLs of other servers, as libcurl reads them, so that what was checked is what is called. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "server/rt/error.h"

namespace millrace::outbound {

inline constexpr std::size_t kUrlBytesMax = 8 * 1024;

struct UrlParts {
  std::string scheme;  // "http" or "https"
  std::string host;
  std::string last_segment;  // of the path, percent-decoded; may be empty
};

// kInvalid, naming `field`: not a URL, longer than kUrlBytesMax, without a host, or not http(s).
rt::Result<UrlParts> parse_url(std::string_view url, std::string_view field = "url");

// As it is but for user and password, which become "***".
std::string url_without_user(std::string_view url);

// For logs: the query, which may be a signature, is left out too.
std::string masked_url(std::string_view url);

}  // namespace millrace::outbound
