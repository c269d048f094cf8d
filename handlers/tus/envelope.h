// How the tus door answers: the status says it, and what is wrong is told as problem details (RFC 9457), which is what
// the IETF draft asks for and tus 1.0 leaves open. Every answer carries Tus-Resumable.
#pragma once

#include <cstdint>
#include <string_view>

#include "handlers/door.h"
#include "media/uploads/upload.h"
#include "server/http/json.h"
#include "server/http/message.h"

namespace millrace::handlers::tus {

inline constexpr std::string_view kTusVersion = "1.0.0";

extern const Door door;

// Without a body.
http::Response reply(int status);
// With JSON, which may be an object of the caller's.
http::Response reply(int status, const http::JsonWriter& json);
http::Response refuse(const rt::Error& error);

// 409 with the offset to go on from.
http::Response wrong_offset(const media::Upload& upload, std::uint64_t provided);
// 460: tus 1.0's own status.
http::Response wrong_checksum();
// 400, with the problem types of the draft.
http::Response inconsistent_length(std::string_view detail);
http::Response completed_already();

}  // namespace millrace::handlers::tus
