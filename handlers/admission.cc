#include "handlers/admission.h"

#include <arpa/inet.h>

#include <algorithm>

namespace millrace::handlers {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::size_t kNetworkBytes = 8;  // one customer has a /64 of IPv6 at least

std::int64_t whole_seconds(std::int64_t ms) { return (ms + kMsPerSecond - 1) / kMsPerSecond; }

std::string network_of(const std::string& address) {
  in6_addr binary{};
  if (inet_pton(AF_INET6, address.c_str(), &binary) != 1 || IN6_IS_ADDR_V4MAPPED(&binary)) return address;
  return {reinterpret_cast<const char*>(binary.s6_addr), kNetworkBytes};
}

http::Allowance allowance_of(media::Rate rate, const media::Ration& ration) {
  return {.limit = std::max<std::uint64_t>(rate.burst, 1),
          .remaining = ration.remaining,
          .reset_seconds = whole_seconds(ration.full_ms),
          .wait_seconds = ration.granted ? 0 : whole_seconds(ration.wait_ms)};
}

}  // namespace

rt::Status admit(Services& services, http::Exchange& exchange, const media::Principal& principal) {
  exchange.tenant = principal.tenant;
  const media::Rate rate = services.limits.tenant_rate;
  if (rate.per_second == 0) return {};
  const media::Ration ration = services.limits.by_tenant.take(principal.tenant, rate, services.clock());
  exchange.allowance = allowance_of(rate, ration);
  if (ration.granted) return {};
  return rt::fail(rt::Code::kTooMany, "too many requests: wait for as long as Retry-After says");
}

rt::Status admit_stranger(Services& services, http::Exchange& exchange, media::Rate rate) {
  if (rate.per_second == 0) return {};
  const std::string name = "without a key " + network_of(exchange.request.peer.address);
  const media::Ration ration = services.limits.by_address.take(name, rate, services.clock());
  exchange.allowance = allowance_of(rate, ration);
  if (ration.granted) return {};
  return rt::fail(rt::Code::kTooMany, "too many requests without a key came from this address");
}

rt::Error turn_away(Services& services, http::Exchange& exchange, rt::Error error) {
  const media::Rate rate = services.limits.bad_key_rate;
  const auto ration =
      services.limits.by_address.take(network_of(exchange.request.peer.address), rate, services.clock());
  if (ration.granted) return error;
  exchange.allowance = allowance_of(rate, ration);
  return {rt::Code::kTooMany, "too many wrong keys came from this address: wait for as long as Retry-After says"};
}

void add_allowance(const http::Exchange& exchange, http::Fields& fields) {
  if (!exchange.allowance) return;
  const http::Allowance& allowance = *exchange.allowance;
  fields.set("ratelimit-limit", std::to_string(allowance.limit));
  fields.set("ratelimit-remaining", std::to_string(allowance.remaining));
  fields.set("ratelimit-reset", std::to_string(allowance.reset_seconds));
  if (allowance.wait_seconds > 0) fields.set("retry-after", std::to_string(allowance.wait_seconds));
}

}  // namespace millrace::handlers
