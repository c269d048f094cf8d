#include "handlers/endpoint_v2.h"

#include "handlers/auth.h"
#include "handlers/envelope_v2.h"
#include "handlers/input.h"
#include "handlers/once.h"

namespace millrace::handlers::v2 {
namespace {

constexpr std::size_t kIdempotencyKeyMaxBytes = 255;

http::Response enveloped(rt::Result<http::Response> result) {
  return result ? std::move(*result) : refuse(result.error());
}

rt::Task<http::Response> answer(Services& services, http::Exchange& exchange, media::Scopes any_of, Endpoint endpoint) {
  auto principal = authenticate(services.tenants, exchange, any_of);
  if (!principal) co_return refuse(principal.error());
  auto result = co_await endpoint(services, exchange, std::move(*principal));
  co_return enveloped(std::move(result));
}

// The body was read to compare it; the endpoint finds it as if it had not been.
void put_back(http::Body& body, const std::string& text) {
  body.clear();
  body.open(nullptr, text.size());
  if (!text.empty()) body.push(rt::Slice::copy_of(text));
  body.end();
}

Answer run_once(Services& services, http::Exchange& exchange, media::Principal principal, Endpoint endpoint,
                std::string key) {
  auto body = co_await read_json_text(exchange);
  if (!body) co_return rt::pass(body);
  put_back(exchange.body, *body);
  const std::string scope = principal.tenant + " " + std::string(exchange.request.path());
  Once once(services.store, services.clock, scope, key, *body);
  auto replay = co_await once.begin();
  if (!replay) co_return rt::pass(replay);
  if (*replay) co_return std::move(**replay);
  auto result = co_await endpoint(services, exchange, std::move(principal));
  // An answer that could not be kept is still the answer: the work is done.
  co_await once.end(result ? &*result : nullptr);
  co_return result;
}

rt::Task<http::Response> answer_once(Services& services, http::Exchange& exchange, media::Scopes any_of,
                                     Endpoint endpoint) {
  auto principal = authenticate(services.tenants, exchange, any_of);
  if (!principal) co_return refuse(principal.error());
  const auto key = exchange.request.fields.get("idempotency-key");
  if (!key) {
    auto result = co_await endpoint(services, exchange, std::move(*principal));
    co_return enveloped(std::move(result));
  }
  if (key->empty() || key->size() > kIdempotencyKeyMaxBytes) {
    co_return refuse({rt::Code::kInvalid, "an Idempotency-Key has 1 to 255 bytes", "Idempotency-Key"});
  }
  auto result = co_await run_once(services, exchange, std::move(*principal), endpoint, std::string(*key));
  co_return enveloped(std::move(result));
}

}  // namespace

http::Handler with_key(Services& services, media::Scopes any_of, Endpoint endpoint) {
  return
      [&services, any_of, endpoint](http::Exchange& exchange) { return answer(services, exchange, any_of, endpoint); };
}

http::Handler with_key_once(Services& services, media::Scopes any_of, Endpoint endpoint) {
  return [&services, any_of, endpoint](http::Exchange& exchange) {
    return answer_once(services, exchange, any_of, endpoint);
  };
}

}  // namespace millrace::handlers::v2
