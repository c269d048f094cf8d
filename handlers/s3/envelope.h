// The answers of the S3 door: XML, and an identifier of the request in the fields S3's clients print. The only place
// where a refusal becomes a response.
#pragma once

#include "handlers/s3/refusal.h"
#include "server/http/message.h"
#include "server/http/xml.h"

namespace millrace::handlers::s3 {

inline constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";

http::Response xml_response(http::XmlWriter& xml);
// Without a body for HEAD.
http::Response refuse(const Refusal& refusal, const http::Exchange& exchange);

}  // namespace millrace::handlers::s3
