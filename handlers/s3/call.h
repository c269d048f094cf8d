// One request at the S3 door, as its endpoint sees it.
#pragma once

#include "handlers/s3/auth.h"
#include "handlers/s3/refusal.h"
#include "handlers/s3/target.h"
#include "handlers/services.h"
#include "server/http/message.h"

namespace millrace::handlers::s3 {

struct Call {
  Services& services;
  http::Exchange& exchange;
  Caller caller;
  Target target;

  const std::string& tenant() const noexcept { return caller.principal.tenant; }
  const http::Request& request() const noexcept { return exchange.request; }
  // A request field; empty when absent.
  std::string field(std::string_view name) const { return std::string(exchange.request.fields.get(name).value_or("")); }
};

// The call outlives the answer.
using Endpoint = Answer (*)(const Call& call);

}  // namespace millrace::handlers::s3
