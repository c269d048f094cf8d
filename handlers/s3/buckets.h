// Buckets: list, create, look at, remove.
#pragma once

#include "handlers/s3/call.h"

namespace millrace::handlers::s3 {

Answer list_buckets(const Call& call);
Answer create_bucket(const Call& call);
Answer head_bucket(const Call& call);
Answer delete_bucket(const Call& call);
Answer bucket_location(const Call& call);
Answer bucket_versioning(const Call& call);

}  // namespace millrace::handlers::s3
