#include "server/outbound/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace millrace::outbound {
namespace {

struct CloseUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, CloseUrl>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

// Blanks and control characters are in no URL (RFC 3986 section 2); libcurl would let some of them through.
bool is_plain(std::string_view url) {
  return std::ranges::none_of(url, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

std::string last_segment_of(CURLU* url) {
  std::string path = part_of(url, CURLUPART_PATH);
  path.erase(0, path.rfind('/') + 1);
  int length = 0;
  char* decoded = curl_easy_unescape(nullptr, path.c_str(), static_cast<int>(path.size()), &length);
  if (!decoded) return {};
  std::string segment(decoded, static_cast<std::size_t>(length));
  curl_free(decoded);
  return segment;
}

}  // namespace

rt::Result<UrlParts> parse_url(std::string_view text, std::string_view field) {
  const auto refuse = [&](std::string why) { return rt::fail(rt::Code::kInvalid, std::move(why), std::string(field)); };
  if (text.empty()) return refuse("a URL is required");
  if (text.size() > kUrlBytesMax) return refuse("the URL is too long");
  const Url url(curl_url());
  const std::string terminated(text);
  if (!is_plain(text)) return refuse("not a URL");
  const CURLUcode parsed = curl_url_set(url.get(), CURLUPART_URL, terminated.c_str(), CURLU_PATH_AS_IS);
  if (parsed == CURLUE_UNSUPPORTED_SCHEME) return refuse("only http and https URLs can be called");
  if (parsed != CURLUE_OK) return refuse("not a URL");
  UrlParts parts{part_of(url.get(), CURLUPART_SCHEME), part_of(url.get(), CURLUPART_HOST), last_segment_of(url.get())};
  if (parts.scheme != "http" && parts.scheme != "https") return refuse("only http and https URLs can be called");
  if (parts.host.empty()) return refuse("the URL names no host");
  return parts;
}

std::string url_without_user(std::string_view text) {
  std::string url(text);
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t mark = url.substr(0, url.find_first_of("/?#", host)).rfind('@');
  if (mark != std::string::npos && mark >= host) url.replace(host, mark - host, "***");
  return url;
}

std::string masked_url(std::string_view text) {
  const std::size_t end = text.find_first_of("?#");
  std::string masked = url_without_user(text.substr(0, end));
  if (end != std::string_view::npos) masked += text.substr(end, 1) == "?" ? "?***" : "";
  return masked;
}

}  // namespace millrace::outbound
