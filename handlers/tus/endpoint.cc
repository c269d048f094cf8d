#include "handlers/tus/endpoint.h"

#include "handlers/tus/envelope.h"

namespace millrace::handlers::tus {
namespace {

rt::Task<http::Response> answer(Services& services, http::Exchange& exchange, Call call) {
  if (auto version = check_version(exchange.request, false); !version) co_return refuse(version.error());
  auto caller = caller_at(services, exchange, exchange.params[0]);
  if (!caller) co_return refuse(caller.error());
  auto response = co_await call(services, exchange, std::move(*caller));
  if (!response) co_return refuse(response.error());
  co_return std::move(*response);
}

}  // namespace

http::Handler at_upload(Services& services, Call call) {
  return [&services, call](http::Exchange& exchange) { return answer(services, exchange, call); };
}

rt::Status check_version(const http::Request& request, bool must) {
  const auto version = request.fields.get("tus-resumable");
  if (version ? *version == kTusVersion : !must) return {};
  return rt::fail(rt::Code::kPreconditionFailed, "Tus-Resumable must be " + std::string(kTusVersion), "tus-resumable");
}

}  // namespace millrace::handlers::tus
