// Multipart uploads: begin, list, complete, abort. Their parts are in parts.h.
#pragma once

#include "handlers/s3/call.h"
#include "media/buckets/multipart.h"

namespace millrace::handlers::s3 {

// The multipart upload that path and uploadId name.
media::MultipartRef multipart_of(const Call& call);

Answer create_multipart(const Call& call);
Answer complete_multipart(const Call& call);
Answer abort_multipart(const Call& call);
Answer list_multiparts(const Call& call);

}  // namespace millrace::handlers::s3
