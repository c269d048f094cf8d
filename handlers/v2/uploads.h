// The v2 door's uploads: announce, look, complete, cancel, delete. Bytes come in through upload_put.h.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v2 {

Answer create_upload(Services&, http::Exchange&, media::Principal);
Answer list_uploads(Services&, http::Exchange&, media::Principal);
Answer get_upload(Services&, http::Exchange&, media::Principal);
Answer complete_upload(Services&, http::Exchange&, media::Principal);
Answer cancel_upload(Services&, http::Exchange&, media::Principal);
Answer delete_upload(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v2
