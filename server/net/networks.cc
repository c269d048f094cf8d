#include "server/net/networks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "server/rt/text.h"

namespace millrace::net {
namespace {

using Address = std::array<std::uint8_t, 16>;
constexpr unsigned kMappedBits = 96;

// Every address as IPv6, IPv4 in its mapped form ::ffff:a.b.c.d.
std::optional<Address> parse_address(std::string_view text) {
  const std::string terminated(text);
  Address address = {};
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  address = {};
  address[10] = address[11] = 0xff;
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + 12) == 1) return address;
  return std::nullopt;
}

bool same_prefix(const Address& a, const Address& b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

}  // namespace

rt::Result<Networks> Networks::parse(const std::vector<std::string>& texts) {
  Networks networks;
  for (const std::string& text : texts) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(std::string_view(text).substr(0, slash));
    if (!address) return rt::fail(rt::Code::kInvalid, text + " is not an address or a network in CIDR form");
    const bool v4 = text.find(':') == std::string::npos;
    const unsigned widest = v4 ? 32 : 128;
    unsigned bits = widest;
    if (slash != std::string::npos) {
      const auto told = rt::whole_number<unsigned>(std::string_view(text).substr(slash + 1));
      if (!told || *told > widest) return rt::fail(rt::Code::kInvalid, text + " has no valid prefix length");
      bits = *told;
    }
    networks.blocks_.push_back({*address, v4 ? bits + kMappedBits : bits});
  }
  return networks;
}

bool Networks::contains(std::string_view text) const {
  const auto address = parse_address(text);
  return address && std::ranges::any_of(
                        blocks_, [&](const Block& block) { return same_prefix(*address, block.prefix, block.bits); });
}

}  // namespace millrace::net
