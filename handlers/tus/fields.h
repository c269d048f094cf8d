// The header fields of tus 1.0, read and written. What is wrong with one is told under its name. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/buckets/checksum.h"
#include "server/http/fields.h"
#include "server/rt/error.h"

namespace millrace::handlers::tus {

// The one value of a field; kInvalid when it was sent twice, because one of the two would be lost.
rt::Result<std::optional<std::string_view>> single(const http::Fields& fields, std::string_view name);
// A number of bytes; nothing when the field is absent.
rt::Result<std::optional<std::uint64_t>> byte_count(const http::Fields& fields, std::string_view name);
// The media type without its parameters, in lower case.
std::string media_type(const http::Fields& fields);

// Upload-Metadata: names, and values in base64. A name may stand alone, and only once.
using Metadata = std::map<std::string, std::string>;
rt::Result<Metadata> parse_metadata(std::string_view field);
// Leaves out what the field cannot say: names of other doors with spaces, commas or beyond ASCII.
std::string write_metadata(const Metadata& metadata);

// Upload-Concat: "partial", or "final;" and addresses of uploads, of which the ids count.
struct Concat {
  bool is_partial = false;
  std::vector<std::string> ids;  // empty unless final
};
rt::Result<Concat> parse_concat(std::string_view field);

// Upload-Checksum: an algorithm and a digest in base64. kInvalid for an algorithm that is none of
// checksum_algorithms().
rt::Result<media::Checksum> parse_checksum(std::string_view field);
// As Tus-Checksum-Algorithm tells them.
std::string checksum_algorithms();

}  // namespace millrace::handlers::tus
