// Body to upload: what both protocols do with the bytes of a request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "handlers/services.h"
#include "handlers/tus/fields.h"
#include "media/uploads/upload.h"
#include "server/http/message.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers::tus {

struct Piece {
  std::string tenant;
  std::string id;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> total_bytes = {};  // of the file, when this request says it
  enum class End : std::uint8_t {
    kByLength,  // the file ends where it was announced to
    kMore,      // not with this request
    kFile,      // with this request
  } end = End::kByLength;
  std::optional<media::Checksum> checksum = {};
  bool checksum_follows = false;  // in the trailer
  bool tells_progress = false;    // by 104 responses
};

// The media types of a body, by protocol.
inline constexpr std::string_view kTusBytes = "application/offset+octet-stream";
inline constexpr std::string_view kPartialUpload = "application/partial-upload";
inline constexpr std::string_view kAcceptPatch = "application/offset+octet-stream, application/partial-upload";

// The version of the draft that 104 responses speak.
inline constexpr int kInteropVersion = 8;

// A size that does not fit, or pieces, came in a field of this door.
rt::Error named(rt::Error error);
// The checksum that the request brings or will bring: kInvalid for an algorithm we do not have.
rt::Status read_checksum(const http::Request& request, Piece& piece);

struct Received {
  media::Upload upload;
  bool mismatched = false;  // nothing of the piece was kept
};

// Keeps what arrives, also when it is cut off, and takes the steps that are due after the last byte. kConflict when the
// upload goes on at another offset.
rt::Task<rt::Result<Received>> receive(Services& services, http::Exchange& exchange, Piece piece);
// The response to a refused receive(): with the right offset when that was the reason.
rt::Task<http::Response> explain(Services& services, Piece piece, rt::Error error);

}  // namespace millrace::handlers::tus
