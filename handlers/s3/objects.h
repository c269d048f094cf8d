// Objects whole: put, get and head.
#pragma once

#include "handlers/s3/call.h"

namespace millrace::handlers::s3 {

Answer put_object(const Call& call);
// Also HEAD. Conditions, Range, partNumber and the response-… overrides are honoured.
Answer get_object(const Call& call);

}  // namespace millrace::handlers::s3
