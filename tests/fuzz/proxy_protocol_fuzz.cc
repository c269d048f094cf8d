// Hostile bytes into the PROXY header parser: it never reads beyond them, never uses more than it was given, and more
// bytes never change a header that was complete.
#include <cstdint>
#include <string>

#include "server/net/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace millrace;
  const auto input = std::as_bytes(std::span(data, bytes));
  const auto whole = net::parse_proxy_header(input);
  if (!whole || !*whole) return 0;
  const std::size_t used = (*whole)->used_bytes;
  if (used == 0 || used > bytes) __builtin_trap();
  const std::string exact(reinterpret_cast<const char*>(data), used);
  const auto again = net::parse_proxy_header(std::as_bytes(std::span(exact)));
  if (!again || !*again || (*again)->source != (*whole)->source || (*again)->used_bytes != used) __builtin_trap();
  const auto torn = net::parse_proxy_header(std::as_bytes(std::span(exact)).first(used - 1));
  if (!torn || *torn) __builtin_trap();
  return 0;
}
