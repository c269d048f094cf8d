#include "media/records/id.h"

#include <fmt/format.h>

#include <array>

#include "server/http/crypto.h"

namespace millrace::media {

std::string new_uuid() {
  std::array<std::byte, 16> bytes;
  http::random_bytes(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  const std::string digits = http::hex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4),
                     digits.substr(16, 4), digits.substr(20));
}

}  // namespace millrace::media
