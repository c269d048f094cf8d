// Networks: a set of addresses and CIDR blocks the operator trusts, asked whether it holds a peer. A value, constant
// after parsing, safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/rt/error.h"

namespace millrace::net {

class Networks {
 public:
  // "10.0.0.0/8", "::1", "fd00::/8". IPv4 addresses also match their IPv4-mapped IPv6 form.
  static rt::Result<Networks> parse(const std::vector<std::string>& texts);
  bool contains(std::string_view address) const;
  bool empty() const noexcept { return blocks_.empty(); }

 private:
  struct Block {
    std::array<std::uint8_t, 16> prefix;
    unsigned bits;
  };
  std::vector<Block> blocks_;
};

}  // namespace millrace::net
