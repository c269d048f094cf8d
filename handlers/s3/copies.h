// Copies inside the server: an object to another key, or a range of one as a part.
#pragma once

#include "handlers/s3/call.h"

namespace millrace::handlers::s3 {

Answer copy_object(const Call& call);
Answer copy_part(const Call& call);

}  // namespace millrace::handlers::s3
