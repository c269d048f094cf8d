// The Video of the v1 door: every key of the contract, null where nothing is known.
#pragma once

#include <string>

#include "handlers/playing.h"
#include "media/catalog/media.h"

namespace millrace::handlers::v1 {

std::string video_view(const media::Media& media, const std::string& source_url, const Playing& playing);

}  // namespace millrace::handlers::v1
