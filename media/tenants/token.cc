#include "media/tenants/token.h"

#include <fmt/format.h>

#include <charconv>

#include "media/tenants/signed_text.h"

namespace millrace::media {
namespace {

constexpr std::string_view kPurpose = "token";
constexpr std::string_view kCapabilityPurpose = "capability";

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<TokenContent> parse(std::string_view payload) {
  const auto first = payload.find(' ');
  const auto second = payload.find(' ', first + 1);
  if (first == payload.npos || second == payload.npos) return std::nullopt;
  TokenContent content{.key_id = std::string(payload.substr(0, first))};
  const bool good = read_number(payload.substr(first + 1, second - first - 1), content.scopes) &&
                    read_number(payload.substr(second + 1), content.expires_ms);
  return good ? std::optional(content) : std::nullopt;
}

}  // namespace

std::string write_token(const ServerSecret& secret, const TokenContent& content) {
  const std::string payload = fmt::format("{} {} {}", content.key_id, content.scopes, content.expires_ms);
  return std::string(kTokenPrefix) + sign_text(secret, kPurpose, payload);
}

std::optional<TokenContent> read_token(const ServerSecret& secret, std::string_view token) {
  if (!token.starts_with(kTokenPrefix)) return std::nullopt;
  const auto payload = read_signed_text(secret, kPurpose, token.substr(kTokenPrefix.size()));
  return payload ? parse(*payload) : std::nullopt;
}

std::string write_capability(const ServerSecret& secret, std::string_view key_id, std::string_view subject) {
  return sign_text(secret, kCapabilityPurpose, fmt::format("{} {}", key_id, subject));
}

std::optional<std::string> read_capability(const ServerSecret& secret, std::string_view capability,
                                           std::string_view subject) {
  const auto text = read_signed_text(secret, kCapabilityPurpose, capability);
  const auto space = text ? text->find(' ') : std::string::npos;
  if (space == std::string::npos || std::string_view(*text).substr(space + 1) != subject) return std::nullopt;
  return text->substr(0, space);
}

}  // namespace millrace::media
