// Tags of an object.
#pragma once

#include "handlers/s3/call.h"

namespace millrace::handlers::s3 {

Answer get_tagging(const Call& call);
Answer put_tagging(const Call& call);
Answer delete_tagging(const Call& call);

}  // namespace millrace::handlers::s3
