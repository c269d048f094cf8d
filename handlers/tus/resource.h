// An upload as the resource that both protocols work on: found, settled, and told in header fields.
#pragma once

#include <optional>
#include <string>

#include "handlers/services.h"
#include "media/uploads/upload.h"
#include "server/http/message.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers::tus {

// kNotFound for uploads of another type, kGone for those that ended without a file.
rt::Task<rt::Result<media::Upload>> find_upload(Services& services, std::string tenant, std::string id);
// Stops a transfer that may be dead, keeps its bytes, and takes every step that is due. `by_length`: all announced
// bytes are the whole file, as in tus 1.0, where the sender does not say so.
rt::Task<rt::Result<media::Upload>> settle_upload(Services& services, std::string tenant, std::string id,
                                                  bool by_length);
// The end of the file is where the upload is; true unless something else came between.
rt::Task<rt::Result<media::Upload>> declare_whole(Services& services, media::Upload upload);

// All bytes came and no more are taken, whatever was made of them.
bool is_done(const media::Upload& upload);

// Upload-Offset, and Upload-Expires while it may expire.
void add_progress(http::Response& response, const media::Upload& upload);
// The id of the media, once there is one.
void add_media(http::Response& response, const media::Upload& upload);
// The bytes that a file may have here, for this tenant.
std::uint64_t bytes_max(const Services& services, const std::string& tenant);
// Upload-Limit (draft, "Limits").
std::string limits_of(const Services& services, const std::string& tenant, const media::Upload* upload);

}  // namespace millrace::handlers::tus
