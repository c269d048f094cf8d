// How fields name checksums: `x-amz-checksum-crc32`, and words in any case.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "media/buckets/checksum.h"

namespace millrace::handlers::s3 {

inline constexpr std::string_view kChecksumPrefix = "x-amz-checksum-";

// "crc32" and "CRC32" alike.
std::optional<media::ChecksumAlgorithm> algorithm_named(std::string_view word);
// "x-amz-checksum-crc32"
std::string checksum_field(media::ChecksumAlgorithm algorithm);

}  // namespace millrace::handlers::s3
