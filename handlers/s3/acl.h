// Access control lists: everything here is private to its tenant, and only that can be said.
#pragma once

#include <string_view>

#include "handlers/s3/call.h"
#include "server/http/xml.h"

namespace millrace::handlers::s3 {

void write_owner(http::XmlWriter& xml, std::string_view tenant, std::string_view element = "Owner");

Answer bucket_acl(const Call& call);
Answer object_acl(const Call& call);
Answer put_bucket_acl(const Call& call);
Answer put_object_acl(const Call& call);

}  // namespace millrace::handlers::s3
