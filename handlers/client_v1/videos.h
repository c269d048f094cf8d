// The client/v1 door's videos, and the collections (folders) they lie in.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::client_v1 {

// Query: path (a collection), tags (all of these, by commas), sort (`title`, `-created_at`), per_page, page.
Answer list_videos(Services&, http::Exchange&, media::Principal);
// By the id of the video.
Answer get_video(Services&, http::Exchange&, media::Principal);
// The collections right below `path`, the root when not given.
Answer list_collections(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::client_v1
