// The way into the S3 door: finds what is asked for, who asks and whether it may, and gives the endpoint's answer or
// its refusal in S3's words.
#pragma once

#include <string>
#include <vector>

#include "handlers/services.h"
#include "server/http/message.h"
#include "server/rt/task.h"

namespace millrace::handlers::s3 {

// Of a signed request.
rt::Task<http::Response> answer(Services& services, http::Exchange& exchange);

// The names requests get in logs and metrics: "s3 PutObject", ...
std::vector<std::string> route_names();

}  // namespace millrace::handlers::s3
