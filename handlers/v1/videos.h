// The v1 door's videos: list, look, change, delete.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v1 {

// Newest first, from `cursor` on; `status` and `q` (in title, description, file name and tags) choose.
Answer list_videos(Services&, http::Exchange&, media::Principal);
Answer get_video(Services&, http::Exchange&, media::Principal);
// title, description, passthrough, tags; null clears all but the title.
Answer patch_video(Services&, http::Exchange&, media::Principal);
// 204.
Answer delete_video(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v1
