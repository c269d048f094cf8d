// What is signed with the server secret and stored nowhere: bearer tokens of the OAuth door, and capabilities, which
// let whoever has one do something to one thing on behalf of a key. What either says is good only while its key is:
// Tenants looks that up. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/tenants/principal.h"
#include "media/tenants/secret.h"

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

// "KEY_ID.SIGNATURE"; `subject` names the thing and what may be done to it.
std::string write_capability(const ServerSecret& secret, std::string_view key_id, std::string_view subject);
// The id of the key that gave it; nothing unless it is ours and for this subject.
std::optional<std::string> read_capability(const ServerSecret& secret, std::string_view capability,
                                           std::string_view subject);

}  // namespace millrace::media
