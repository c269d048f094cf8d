// What was made of a media, as the addresses that doors show for it. Any loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "handlers/services.h"
#include "media/catalog/media.h"
#include "media/renditions/rendition.h"
#include "server/http/message.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers {

struct MadeVideo {
  std::uint32_t height = 0;
  std::uint64_t bits_per_second = 0;
  std::string url;
  std::optional<std::string> hls;  // of this one alone
};

struct MadeFiles {
  std::optional<std::string> hls;
  std::optional<std::string> dash;
  std::vector<MadeVideo> videos;        // the largest first
  std::vector<std::string> thumbnails;  // the first one stands for the media

  std::optional<std::string> thumbnail() const {
    return thumbnails.empty() ? std::nullopt : std::optional(thumbnails.front());
  }
};

rt::Task<rt::Result<MadeFiles>> made_files(Services& services, const http::Request& request, media::Media media);

}  // namespace millrace::handlers
