// The v2 door's imports: files that we fetch from elsewhere.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v2 {

Answer create_import(Services&, http::Exchange&, media::Principal);
Answer list_imports(Services&, http::Exchange&, media::Principal);
Answer get_import(Services&, http::Exchange&, media::Principal);
Answer cancel_import(Services&, http::Exchange&, media::Principal);
// Cancels one that runs, forgets one that has ended.
Answer delete_import(Services&, http::Exchange&, media::Principal);
// Fetches again what failed.
Answer retry_import(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::v2
