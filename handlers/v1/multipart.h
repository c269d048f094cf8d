// Multipart uploads of the v1 door: presigned addresses to send the parts to through the S3 door, and joining them.
#pragma once

#include <string>
#include <vector>

#include "handlers/services.h"
#include "media/buckets/multiparts.h"
#include "media/tenants/principal.h"
#include "media/uploads/upload.h"
#include "server/http/message.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers::v1 {

// Begins it. JSON: {id, upload_id, part_size, parts: [{partNumber, url}]}; all but the last part have part_size bytes.
rt::Task<rt::Result<std::string>> start_multipart(Services& services, const http::Request& request,
                                                  const media::Principal& principal, const media::Upload& upload);

// Makes the upload whole of its parts. A repeat does nothing more. kInvalid, the fields "upload_id" and "parts".
rt::Task<rt::Status> join_parts(Services& services, const media::Upload& upload, std::string upload_id,
                                std::vector<media::NamedPart> parts);

}  // namespace millrace::handlers::v1
