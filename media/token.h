// Bearer tokens of the OAuth door: self-contained, signed with the server secret, stored nowhere. What one says is good
// only while its key is: Tenants looks that up. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/principal.h"
#include "media/secret.h"

namespace millrace::media {

inline constexpr std::string_view kTokenPrefix = "mt-";

struct TokenContent {
  std::string key_id;
  Scopes scopes = 0;
  std::int64_t expires_ms = 0;
};

std::string write_token(const ServerSecret& secret, const TokenContent& content);
// Nothing unless it is one of ours, unchanged. Expiry is the caller's to judge.
std::optional<TokenContent> read_token(const ServerSecret& secret, std::string_view token);

}  // namespace millrace::media
