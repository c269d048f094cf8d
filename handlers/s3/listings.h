// Lists of a bucket's objects, in the three forms S3 has grown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "handlers/s3/call.h"

namespace millrace::handlers::s3 {

inline constexpr std::size_t kListMax = 1000;

Answer list_objects_v1(const Call& call);
Answer list_objects_v2(const Call& call);
// An unversioned bucket: every object is its only version, `null`.
Answer list_versions(const Call& call);

// Of a page, from this parameter; more than `max` means `max`, as S3 has it.
Result<std::size_t> page_limit(const Target& target, std::string_view parameter, std::size_t max = kListMax);
// How keys are written: as they are, or percent-encoded for those that XML cannot hold.
Result<bool> wants_url_encoding(const Target& target);
std::string shown_key(std::string_view key, bool url_encoded);

}  // namespace millrace::handlers::s3
