// Texts that come back to us from outside unchanged: signed with the server secret, readable by anybody, stored
// nowhere. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "media/tenants/secret.h"

namespace millrace::media {

// `purpose` keeps texts of one kind from being taken for another; it has no ':'.
std::string sign_text(const ServerSecret& secret, std::string_view purpose, std::string_view text);
// The text, or nothing unless it was signed so.
std::optional<std::string> read_signed_text(const ServerSecret& secret, std::string_view purpose,
                                            std::string_view signed_text);

}  // namespace millrace::media
