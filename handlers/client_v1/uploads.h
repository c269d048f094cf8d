// The client/v1 door's uploads: send a video in a form, see how far it is.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::client_v1 {

// Form fields `video` (the file) and `folder`, in any order. 202: the video is processed from here on.
Answer upload_video(Services&, http::Exchange&, media::Principal);
// The 50 most recent, newest first.
Answer list_uploads(Services&, http::Exchange&, media::Principal);
Answer get_upload(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::client_v1
