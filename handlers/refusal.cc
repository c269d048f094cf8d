#include "handlers/refusal.h"

namespace millrace::handlers {
namespace {

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

}  // namespace

void add_refusal_fields(http::Response& response, const rt::Error& error) {
  if (!may_retry(error.code)) response.fields.add("x-should-retry", "false");
  if (response.status == 429 || response.status == 503) response.fields.add("retry-after", kRetryAfterSeconds);
  if (error.code == rt::Code::kUnauthenticated) response.fields.add("www-authenticate", "Bearer realm=\"millrace\"");
}

std::string public_message(const rt::Error& error) {
  return error.code == rt::Code::kInternal || error.code == rt::Code::kIo ? "something went wrong in the server"
                                                                          : error.message;
}

}  // namespace millrace::handlers
