// What every answer about some bytes says, made once: their length, what conditions compare, the fields. A value for
// any thread.
#pragma once

#include <cstdint>
#include <string>

#include "server/http/conditional.h"
#include "server/http/fields.h"

namespace millrace::handlers {

struct Representation {
  // `etag` without quotes; `content_type` and `file_name` as somebody gave them.
  Representation(std::uint64_t bytes, const std::string& etag, std::int64_t modified_ms,
                 const std::string& content_type, const std::string& file_name);

  std::uint64_t size_bytes;
  http::Validators validators;
  http::Fields validator_fields;  // etag and its like: also of a 304
  http::Fields fields;            // those and what the body is
};

}  // namespace millrace::handlers
