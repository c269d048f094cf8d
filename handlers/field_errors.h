// The envelope that the client/v1 and assets doors share: `{message, errors?: {field: [text]}}`.
#pragma once

#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers {

http::Response refuse_by_field(int status, const rt::Error& error);

}  // namespace millrace::handlers
