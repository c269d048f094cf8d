// The v2 door's media: list, look, change, delete, recover, and what the probe found. The bytes go out through
// originals.h.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v2 {

Answer list_media(Services&, http::Exchange&, media::Principal);
Answer get_media(Services&, http::Exchange&, media::Principal);
Answer patch_media(Services&, http::Exchange&, media::Principal);
// Soft, unless the query says hard=true.
Answer delete_media(Services&, http::Exchange&, media::Principal);
Answer recover_media(Services&, http::Exchange&, media::Principal);
// Again from the probe; what is there stays until what is made anew takes its place.
Answer reprocess_media(Services&, http::Exchange&, media::Principal);
// Ends its processing; what was made of it before plays on.
Answer cancel_media(Services&, http::Exchange&, media::Principal);
Answer get_metadata(Services&, http::Exchange&, media::Principal);
// Asks for transcripts in more languages; those asked for before stay.
Answer put_metadata(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v2
