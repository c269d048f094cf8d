#include "handlers/openapi.h"

#include "handlers/v2/envelope.h"
#include "server/http/conditional.h"
#include "server/http/crypto.h"

namespace millrace::handlers {
namespace {

constexpr std::size_t kTagCharacters = 32;

const http::Validators& validators() {
  static const http::Validators kValidators{
      "\"" + http::hex(http::sha256(http::bytes_of(openapi_text()))).substr(0, kTagCharacters) + "\"", std::nullopt};
  return kValidators;
}

}  // namespace

rt::Task<http::Response> openapi(Services&, http::Exchange& exchange) {
  const http::Verdict verdict = http::evaluate_conditions(exchange.request, validators());
  if (verdict == http::Verdict::kPreconditionFailed) {
    co_return v2::refuse({rt::Code::kPreconditionFailed, "the condition does not hold"});
  }
  http::Response response;
  if (verdict == http::Verdict::kNotModified) {
    response.status = 304;
  } else {
    response = http::Response::text(200, "application/json", std::string(openapi_text()));
  }
  response.fields.add("etag", validators().etag);
  response.fields.add("cache-control", "no-cache");
  co_return response;
}

}  // namespace millrace::handlers
