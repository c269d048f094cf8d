// The PROXY protocol, versions 1 (a text line) and 2 (binary): what a load balancer says in front of a connection about
// the client behind it. Pure: bytes in, a value out. Whether the peer may be believed is the listener's decision.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "server/rt/error.h"

namespace millrace::net {

// Version 1 is at most 107 bytes by its definition; version 2 may carry extensions, of which this much is skipped.
inline constexpr std::size_t kProxyV1BytesMax = 107;
inline constexpr std::size_t kProxyV2BytesMax = 16 + 4096;

struct ProxyHeader {
  std::size_t used_bytes = 0;  // the connection's own bytes begin behind them
  // The client's address as text; empty when the proxy speaks for itself (LOCAL) or does not know (UNKNOWN).
  std::string source;
  std::uint16_t source_port = 0;
};

// True while these bytes are, or may become, a PROXY header: no request begins like one.
bool may_be_proxy_header(std::span<const std::byte> bytes);

// Nothing while more bytes are needed; kInvalid when they are no PROXY header.
rt::Result<std::optional<ProxyHeader>> parse_proxy_header(std::span<const std::byte> bytes);

}  // namespace millrace::net
