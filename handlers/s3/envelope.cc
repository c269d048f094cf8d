#include "handlers/s3/envelope.h"

namespace millrace::handlers::s3 {
namespace {

constexpr const char* kXmlType = "application/xml";
constexpr const char* kRetryAfterSeconds = "1";

// Whether another try of the same request could do better, for clients that ask (x-should-retry).
bool may_retry(const Refusal& refusal) {
  return (refusal.status >= 500 && refusal.code != reasons::kNotImplemented.code) ||
         refusal.code == reasons::kRequestTimeout.code || refusal.code == reasons::kIncompleteBody.code ||
         refusal.code == reasons::kOperationAborted.code;
}

}  // namespace

http::Response xml_response(http::XmlWriter& xml) { return http::Response::text(200, kXmlType, xml.take()); }

http::Response refuse(const Refusal& refusal, const http::Exchange& exchange) {
  http::Response response;
  if (exchange.request.method == http::Method::kHead) {
    response = http::Response::empty(refusal.status);
  } else {
    http::XmlWriter xml("Error");
    xml.element("Code", refusal.code).element("Message", refusal.message);
    xml.element("Resource", exchange.request.path()).element("RequestId", exchange.id);
    response = http::Response::text(refusal.status, kXmlType, xml.take());
  }
  if (!refusal.content_range.empty()) response.fields.add("content-range", refusal.content_range);
  if (!may_retry(refusal)) response.fields.add("x-should-retry", "false");
  if (refusal.status == 503) response.fields.add("retry-after", kRetryAfterSeconds);
  return response;
}

}  // namespace millrace::handlers::s3
