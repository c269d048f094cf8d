// AddressPolicy: which addresses we call for others. Private, loopback, link-local, multicast and metadata addresses
// are refused unless the operator allowed their network. A value, constant after parsing; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/net/networks.h"
#include "server/rt/error.h"

namespace millrace::outbound {

class AddressPolicy {
 public:
  // Networks that may be called all the same, as Networks::parse() wants them.
  static rt::Result<AddressPolicy> parse(const std::vector<std::string>& allow);
  // kForbidden in words, unless this address (an IP as text) may be called.
  rt::Status check(std::string_view address) const;

 private:
  net::Networks allow_;
};

}  // namespace millrace::outbound
