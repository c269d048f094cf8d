// The assets door: list, look, change, delete. Files come in through create.h and transfer.h.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::assets {

// skip, limit, sort (`label`, `-created_on`). `before` and `after` are the `skip` of the neighbouring pages, null where
// there is none.
Answer list_assets(Services&, http::Exchange&, media::Principal);
// Also one that is still being sent: it tells the bytes to send next.
Answer get_asset(Services&, http::Exchange&, media::Principal);
// label, description, tags.
Answer put_asset(Services&, http::Exchange&, media::Principal);
// 204. One that is still being sent is given up.
Answer delete_asset(Services&, http::Exchange&, media::Principal);

}  // namespace millrace::handlers::assets
