#include "server/outbound/address_policy.h"

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace millrace::outbound {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

net::Networks networks(const std::vector<std::string>& texts) { return net::Networks::parse(texts).value(); }

// The IANA IPv4 special-purpose registry, multicast (224.0.0.0/4) and what is reserved (240.0.0.0/4).
const net::Networks& refused_v4() {
  static const net::Networks refused =
      networks({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
                "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"});
  return refused;
}

// Of IPv6 only global unicast is called (RFC 4291 section 2.4), and of that neither protocol assignments (Teredo is
// one), documentation nor 6to4, whose addresses hide an IPv4 address.
const net::Networks& global_v6() {
  static const net::Networks global = networks({"2000::/3"});
  return global;
}
const net::Networks& refused_v6() {
  static const net::Networks refused = networks({"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"});
  return refused;
}

// The IPv4 address that is meant by one that maps (RFC 4291 section 2.5.5.2) or translates it (RFC 6052).
std::optional<std::string> hidden_v4(std::string_view address) {
  static const net::Networks hiding = networks({"::ffff:0:0/96", "64:ff9b::/96"});
  Bytes bytes = {};
  if (inet_pton(AF_INET6, std::string(address).c_str(), bytes.data()) != 1) return std::nullopt;
  if (!hiding.contains(address)) return std::nullopt;
  return fmt::format("{}.{}.{}.{}", bytes[12], bytes[13], bytes[14], bytes[15]);
}

bool is_v4(std::string_view address) {
  in_addr bytes = {};
  return inet_pton(AF_INET, std::string(address).c_str(), &bytes) == 1;
}

bool is_public(std::string_view address) {
  if (is_v4(address)) return !refused_v4().contains(address);
  return global_v6().contains(address) && !refused_v6().contains(address);
}

}  // namespace

rt::Result<AddressPolicy> AddressPolicy::parse(const std::vector<std::string>& allow) {
  auto allowed = net::Networks::parse(allow);
  if (!allowed) return rt::pass(allowed);
  AddressPolicy policy;
  policy.allow_ = std::move(*allowed);
  return policy;
}

rt::Status AddressPolicy::check(std::string_view address) const {
  if (allow_.contains(address)) return {};
  if (const auto hidden = hidden_v4(address)) return check(*hidden);
  if (is_public(address)) return {};
  return rt::fail(rt::Code::kForbidden, "the address is private or reserved, which this server does not call");
}

}  // namespace millrace::outbound
