// What some doors let their clients say of a file beyond its name and title: the same for an upload and its media.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/rt/error.h"

namespace millrace::media {

inline constexpr std::size_t kDescriptionMaxBytes = 16 * 1024;
inline constexpr std::size_t kPassthroughMaxBytes = 8 * 1024;
inline constexpr std::size_t kTagsMax = 20;
inline constexpr std::size_t kTagMaxBytes = 255;

// Who may play it: anyone who knows the address, or who has a signed, expiring token.
enum class PlaybackPolicy : std::uint8_t { kPublic, kSigned };
// How the file came in.
enum class Origin : std::uint8_t { kDirectUpload, kUrl, kConsole };

// "public", "signed"; "direct_upload", "url", "console".
std::string_view word(PlaybackPolicy policy);
std::string_view word(Origin origin);
std::optional<PlaybackPolicy> parse_policy(std::string_view word);

struct Details {
  std::string folder = {};  // as check_folder() wants it (folder.h); empty: the root
  std::string description = {};
  std::string passthrough = {};  // the client's own, returned as it came
  std::vector<std::string> tags = {};
  PlaybackPolicy policy = PlaybackPolicy::kPublic;
  Origin origin = Origin::kDirectUpload;
};

// kInvalid, naming the field: description, passthrough, tags or folder.
rt::Status check_details(const Details& details);

}  // namespace millrace::media
