// The Video of the v1 door: every key of the contract, null where nothing is known.
#pragma once

#include <string>
#include <string_view>

#include "handlers/made_files.h"
#include "handlers/services.h"
#include "media/catalog/media.h"
#include "server/http/message.h"
#include "server/rt/task.h"

namespace millrace::handlers::v1 {

std::string video_view(const media::Media& media, const std::string& source_url, const MadeFiles& made);
// With the addresses of its files.
rt::Task<rt::Result<std::string>> show_video(Services& services, const http::Request& request, media::Media media);

// "preparing", "ready", "errored", "reprocessing".
std::string_view status_word(const media::Media& media);

}  // namespace millrace::handlers::v1
