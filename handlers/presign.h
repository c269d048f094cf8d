// Presigned addresses of uploads (SigV4 in the query): whoever has one may PUT the bytes of that upload, and nothing
// else, until it expires. Signed with the access key of the caller that asked for it, so revoking the key ends it.
#pragma once

#include <string>

#include "handlers/services.h"
#include "media/tenants/principal.h"
#include "media/uploads/upload.h"
#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers {

rt::Result<std::string> presigned_put_url(const Services& services, const http::Request& request,
                                          const media::Principal& principal, const media::Upload& upload);

// Who signed the request: kForbidden unless the signature is good, not expired, and its key may upload. Notes the
// tenant in the exchange.
rt::Result<media::Principal> verify_presigned(Services& services, http::Exchange& exchange);

}  // namespace millrace::handlers
