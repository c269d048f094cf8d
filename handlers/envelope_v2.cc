#include "handlers/envelope_v2.h"

#include "server/http/json.h"
#include "server/http/status.h"

namespace millrace::handlers::v2 {
namespace {

constexpr const char* kJsonType = "application/json";
constexpr const char* kRetryAfterSeconds = "1";

// What another try of the same request cannot cure; clients with retries built in would otherwise repeat a 409.
bool may_retry(rt::Code code) {
  switch (code) {
    case rt::Code::kTimeout:
    case rt::Code::kTooMany:
    case rt::Code::kUnavailable:
    case rt::Code::kFull:
    case rt::Code::kCancelled:
    case rt::Code::kClosed:
    case rt::Code::kIo:
    case rt::Code::kInternal:
      return true;
    default:
      return false;
  }
}

void add_fields(http::Response& response, const rt::Error& error) {
  if (!may_retry(error.code)) response.fields.add("x-should-retry", "false");
  if (response.status == 429 || response.status == 503) response.fields.add("retry-after", kRetryAfterSeconds);
  if (error.code == rt::Code::kUnauthenticated) response.fields.add("www-authenticate", "Bearer realm=\"millrace\"");
}

// What went wrong inside is for the log, not for strangers.
std::string public_message(const rt::Error& error) {
  return error.code == rt::Code::kInternal || error.code == rt::Code::kIo ? "something went wrong in the server"
                                                                          : error.message;
}

}  // namespace

http::Response success(int status, std::string_view data) {
  http::JsonWriter json;
  json.begin_object().member("status", "success").key("data").raw(data.empty() ? "null" : data).end_object();
  return http::Response::text(status, kJsonType, json.take());
}

http::Response refuse(const rt::Error& error) {
  if (error.field.empty()) return refuse(error, "null");
  http::JsonWriter data;
  data.begin_object().member(error.field, error.message).end_object();
  return refuse(error, data.text());
}

http::Response refuse(const rt::Error& error, std::string_view data) {
  const int status = http::status_of(error.code);
  http::JsonWriter json;
  json.begin_object().member("status", status < 500 ? "fail" : "error").key("data").raw(data);
  json.member("message", public_message(error)).end_object();
  http::Response response = http::Response::text(status, kJsonType, json.take());
  add_fields(response, error);
  return response;
}

}  // namespace millrace::handlers::v2
