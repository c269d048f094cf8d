// Where a media can be played: the addresses that doors tell of it, each in its own words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/services.h"
#include "media/catalog/media.h"
#include "server/http/message.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers {

struct PlayingFile {
  std::uint32_t height = 0;
  std::uint64_t bits_per_second = 0;
  std::string url;
  std::optional<std::string> hls;  // of this height alone
};

// Nothing of all this until it is ready.
struct Playing {
  std::optional<std::string> hls = {};
  std::optional<std::string> dash = {};
  std::vector<PlayingFile> files = {};  // progressive ones, the largest first
  std::vector<std::string> thumbnails = {};
};

// `playback_id`: the media's id, or its id in the v1 door.
rt::Task<rt::Result<Playing>> playing_of(Services& services, const http::Request& request, const media::Media& media,
                                         std::string playback_id);

}  // namespace millrace::handlers
