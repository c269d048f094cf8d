// Removing objects: one, or up to a thousand in one request.
#pragma once

#include "handlers/s3/call.h"

namespace millrace::handlers::s3 {

Answer delete_object(const Call& call);
Answer delete_objects(const Call& call);

}  // namespace millrace::handlers::s3
