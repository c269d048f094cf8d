#include "media/tenants/signed_text.h"

#include <algorithm>
#include <span>

#include "server/http/crypto.h"

namespace millrace::media {
namespace {

using http::bytes_of;

std::string base64url(std::span<const std::byte> bytes) {
  std::string text = http::base64(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text.substr(0, text.find('='));
}

std::optional<std::string> base64url_decode(std::string_view text) {
  std::string padded(text);
  std::ranges::replace(padded, '-', '+');
  std::ranges::replace(padded, '_', '/');
  padded.resize((padded.size() + 3) / 4 * 4, '=');
  return http::base64_decode(padded);
}

std::string mac_of(const ServerSecret& secret, std::string_view purpose, std::string_view text) {
  const std::string message = std::string(purpose) + ":" + std::string(text);
  return base64url(http::hmac_sha256(secret, bytes_of(message)));
}

}  // namespace

std::string sign_text(const ServerSecret& secret, std::string_view purpose, std::string_view text) {
  return base64url(bytes_of(text)) + "." + mac_of(secret, purpose, text);
}

std::optional<std::string> read_signed_text(const ServerSecret& secret, std::string_view purpose,
                                            std::string_view signed_text) {
  const auto dot = signed_text.find('.');
  if (dot == signed_text.npos) return std::nullopt;
  auto text = base64url_decode(signed_text.substr(0, dot));
  const bool good = text && http::constant_time_equal(mac_of(secret, purpose, *text), signed_text.substr(dot + 1));
  return good ? std::move(text) : std::nullopt;
}

}  // namespace millrace::media
