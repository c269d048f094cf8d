// AddressPolicy: which addresses we call for others. Only what is globally reachable by the registries of IANA for
// special purposes (RFC 6890) may be called; private, loopback, link-local, metadata, multicast and reserved addresses
// only when the operator allowed their network. A value, constant after parsing; any thread.
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
  // kForbidden in words, unless this address (an IP as text) may be called. The words do not tell the address: who
  // asked knows a name only, and our inside is not for it to map.
  rt::Status check(std::string_view address) const;

 private:
  net::Networks allow_;
};

}  // namespace millrace::outbound
