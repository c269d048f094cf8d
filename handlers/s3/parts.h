// Parts of a multipart upload: bring one, list them.
#pragma once

#include "handlers/s3/call.h"

namespace millrace::handlers::s3 {

// Of partNumber: 1 to 10000.
Result<std::uint32_t> part_number_of(const Target& target);

Answer upload_part(const Call& call);
Answer list_parts(const Call& call);

}  // namespace millrace::handlers::s3
