// Bytes that can be asked for as a whole, in part and on conditions (RFC 9110 §13 and §14), whatever they are: a stored
// file, an archive that is made while it is sent.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "handlers/door.h"
#include "handlers/endpoint.h"
#include "server/http/conditional.h"
#include "server/http/fields.h"
#include "server/http/range.h"

namespace millrace::handlers {

// What is told of them; what it refers to outlives the answer.
struct Representation {
  std::uint64_t size_bytes;
  const http::Validators& validators;
  const http::Fields& validator_fields;  // etag and its like: also of a 304
  const http::Fields& fields;            // those and what the body is
};

http::Fields fields_of(const http::Validators& validators);
// Of a file to be kept; type and name as somebody gave them.
http::Fields file_fields(http::Fields validator_fields, const std::string& content_type, const std::string& file_name);

// Makes a range the body; it lies inside.
using SetBody = std::function<rt::Task<rt::Status>(http::Response&, http::ByteRange)>;

// The answer to GET and HEAD. `door` words a range that cannot be satisfied.
Answer represent(const http::Exchange& exchange, const Door& door, Representation what, SetBody set_body);

}  // namespace millrace::handlers
