#include "handlers/endpoint.h"

#include "handlers/auth.h"
#include "handlers/input.h"
#include "handlers/once.h"

namespace millrace::handlers {
namespace {

struct Guarded {
  Services& services;
  const Door& door;
  media::Scopes any_of;
  Endpoint endpoint;
};

http::Response enveloped(const Door& door, const http::Exchange& exchange, rt::Result<http::Response> result) {
  return result ? std::move(*result) : door.refuse(result.error(), exchange);
}

rt::Task<http::Response> answer(Guarded guarded, http::Exchange& exchange) {
  auto principal = authenticate(guarded.services, exchange, guarded.any_of);
  if (!principal) co_return guarded.door.refuse(principal.error(), exchange);
  auto result = co_await guarded.endpoint(guarded.services, exchange, std::move(*principal));
  co_return enveloped(guarded.door, exchange, std::move(result));
}

// The body was read to compare it; the endpoint finds it as if it had not been.
void put_back(http::Body& body, const std::string& text) {
  body.clear();
  body.open(nullptr, text.size());
  if (!text.empty()) body.push(rt::Slice::copy_of(text));
  body.end();
}

Answer read_and_answer_once(Guarded guarded, http::Exchange& exchange, media::Principal principal) {
  auto body = co_await read_json_text(exchange);
  if (!body) co_return rt::pass(body);
  put_back(exchange.body, *body);
  const auto work = [&] { return guarded.endpoint(guarded.services, exchange, principal); };
  co_return co_await once(guarded.services, exchange, principal, std::move(*body), work);
}

rt::Task<http::Response> answer_once(Guarded guarded, http::Exchange& exchange) {
  const auto key = idempotency_key(exchange.request);
  if (key && !*key) co_return co_await answer(guarded, exchange);
  auto principal = authenticate(guarded.services, exchange, guarded.any_of);
  if (!principal) co_return guarded.door.refuse(principal.error(), exchange);
  auto result = co_await read_and_answer_once(guarded, exchange, std::move(*principal));
  co_return enveloped(guarded.door, exchange, std::move(result));
}

}  // namespace

Answer once(Services& services, const http::Exchange& exchange, const media::Principal& principal, std::string said,
            const std::function<Answer()>& work) {
  auto key = idempotency_key(exchange.request);
  if (!key) co_return rt::pass(key);
  if (!*key) co_return co_await work();
  const std::string scope = principal.tenant + " " + std::string(exchange.request.path());
  Once once(services.store, services.clock, scope, **key, said);
  auto replay = co_await once.begin();
  if (!replay) co_return rt::pass(replay);
  if (*replay) co_return std::move(**replay);
  auto result = co_await work();
  // An answer that could not be kept is still the answer: the work is done.
  co_await once.end(result ? &*result : nullptr);
  co_return result;
}

http::Handler Endpoints::with_key(media::Scopes any_of, Endpoint endpoint) const {
  const Guarded guarded{services_, door_, any_of, endpoint};
  return [guarded](http::Exchange& exchange) { return answer(guarded, exchange); };
}

http::Handler Endpoints::with_key_once(media::Scopes any_of, Endpoint endpoint) const {
  const Guarded guarded{services_, door_, any_of, endpoint};
  return [guarded](http::Exchange& exchange) { return answer_once(guarded, exchange); };
}

}  // namespace millrace::handlers
