// Forwarded (RFC 7239) and X-Forwarded-For/-Proto/-Host: who really asked, and under which scheme and host, when the
// request came through proxies the operator trusts. From anybody else the fields mean nothing.
#pragma once

#include <functional>
#include <string_view>

#include "server/http/message.h"

namespace millrace::http {

// Corrects peer.address, peer.tls and authority. The client is the right-most hop that `trusts` does not know. Call
// once per request, with the connection's own peer in place.
void apply_forwarded(Request& request, const std::function<bool(std::string_view address)>& trusts);

}  // namespace millrace::http
