// What the S3 door offers, as one table: an operation is known by its method, by whether it is about the service, a
// bucket or an object, and by the parameter that S3 tells operations of one method apart with.
#pragma once

#include <span>
#include <string_view>

#include "handlers/s3/call.h"
#include "media/tenants/principal.h"
#include "media/uploads/upload_keys.h"

namespace millrace::handlers::s3 {

enum class Level : std::uint8_t { kService, kBucket, kObject };

struct Operation {
  std::string_view name;  // as S3 names it; also the route in logs and metrics
  http::Method method;
  Level level;
  std::string_view parameter;  // of the query, that must be there; empty: none
  std::string_view field;      // of the request, likewise
  media::Scopes any_of;
  media::UploadAction action;  // what it is to temporary credentials
  Endpoint endpoint;
};

std::span<const Operation> operations();

// NotImplemented for what S3 has and we have not, MethodNotAllowed for what nobody has.
Result<const Operation*> find_operation(const http::Request& request, const Target& target);

}  // namespace millrace::handlers::s3
