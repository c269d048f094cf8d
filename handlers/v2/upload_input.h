// `input` of an upload in the v2 door: all that is needed to send the file, by the upload's type.
#pragma once

#include <string>

#include "handlers/services.h"
#include "media/tenants/principal.h"
#include "media/uploads/upload.h"
#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers::v2 {

// JSON, empty while no bytes are wanted. Addresses are signed anew each time; the credentials of type multipart stay
// the same and last as long as the upload is open.
rt::Result<std::string> upload_input(const Services& services, const http::Request& request,
                                     const media::Principal& principal, const media::Upload& upload);

}  // namespace millrace::handlers::v2
