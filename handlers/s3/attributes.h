// What is known of an object, as XML: GetObjectAttributes.
#pragma once

#include "handlers/s3/call.h"

namespace millrace::handlers::s3 {

Answer get_attributes(const Call& call);

}  // namespace millrace::handlers::s3
