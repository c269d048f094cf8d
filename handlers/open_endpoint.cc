#include "handlers/open_endpoint.h"

#include <utility>

namespace millrace::handlers {
namespace {

struct Open {
  Services& services;
  const Door& door;
  OpenEndpoint endpoint;
};

rt::Task<http::Response> answer(Open open, http::Exchange& exchange) {
  auto result = co_await open.endpoint(open.services, exchange);
  co_return result ? std::move(*result) : open.door.refuse(result.error(), exchange);
}

}  // namespace

http::Handler without_key(Services& services, const Door& door, OpenEndpoint endpoint) {
  const Open open{services, door, endpoint};
  return [open](http::Exchange& exchange) { return answer(open, exchange); };
}

http::Handler with_or_without_key(http::Handler keyed, http::Handler open) {
  return [keyed = std::move(keyed), open = std::move(open)](http::Exchange& exchange) {
    return exchange.request.fields.get("authorization") ? keyed(exchange) : open(exchange);
  };
}

}  // namespace millrace::handlers
