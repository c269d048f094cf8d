#include "handlers/cors.h"

#include <algorithm>

namespace millrace::handlers {
namespace {

constexpr const char* kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
constexpr const char* kPreflightSeconds = "7200";
constexpr const char* kReadableFields =
    "ETag, Location, Range, Content-Range, Accept-Ranges, Content-Disposition, Retry-After, X-Request-Id, "
    "X-Should-Retry, Idempotency-Replayed, X-Media-Id, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, "
    "Tus-Checksum-Algorithm, Upload-Offset, Upload-Length, Upload-Defer-Length, Upload-Metadata, Upload-Concat, "
    "Upload-Expires, Upload-Complete, Upload-Limit, Accept-Patch, Allow, "
    "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset";

constexpr std::string_view kPlayPrefix = "/play/";
constexpr std::string_view kS3Prefix = "x-amz-";

// The value for Access-Control-Allow-Origin; empty when the origin is not allowed.
std::string_view allowed(const std::vector<std::string>& origins, std::string_view origin) {
  for (const std::string& each : origins) {
    if (each == "*") return "*";
    if (each == origin) return origin;
  }
  return {};
}

// S3 has too many to be told with every response, and metadata of any name: those that are there.
std::string readable(const http::Fields& fields) {
  std::string names = kReadableFields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name.starts_with(kS3Prefix)) names.append(", ").append(fields[i].name);
  }
  return names;
}

}  // namespace

bool is_preflight(const http::Request& request) {
  return request.method == http::Method::kOptions && request.fields.get("origin") &&
         request.fields.get("access-control-request-method");
}

bool is_for_any_page(const http::Request& request) {
  return request.path().starts_with(kPlayPrefix) &&
         (request.method == http::Method::kGet || request.method == http::Method::kHead ||
          request.method == http::Method::kOptions);
}

void allow_any_origin(http::Fields& fields) {
  fields.add("access-control-allow-origin", "*");
  fields.add("access-control-expose-headers", kReadableFields);
}

http::Response preflight_response(const std::vector<std::string>& origins, const http::Request& request) {
  http::Response response;
  response.status = 204;
  if (allowed(origins, *request.fields.get("origin")).empty()) return response;
  response.fields.add("access-control-allow-methods", kMethods);
  if (const auto wanted = request.fields.get("access-control-request-headers")) {
    response.fields.add("access-control-allow-headers", *wanted);
  }
  response.fields.add("access-control-max-age", kPreflightSeconds);
  return response;
}

void allow_origin(const std::vector<std::string>& origins, const http::Request& request, http::Fields& fields) {
  if (origins.empty()) return;
  const auto origin = request.fields.get("origin");
  const std::string_view value = origin ? allowed(origins, *origin) : std::string_view();
  if (value != "*") fields.add("vary", "Origin");
  if (value.empty()) return;
  fields.add("access-control-allow-origin", value);
  fields.add("access-control-expose-headers", readable(fields));
}

}  // namespace millrace::handlers
