#include "server/net/proxy_protocol.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "server/rt/text.h"

namespace millrace::net {
namespace {

constexpr std::string_view kV1Start = "PROXY ";
constexpr std::string_view kV2Signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2FixedBytes = 16;
constexpr std::size_t kV2Ipv4Bytes = 12;
constexpr std::size_t kV2Ipv6Bytes = 36;

std::unexpected<rt::Error> malformed(std::string_view what) {
  return rt::fail(rt::Code::kInvalid, "malformed PROXY header: " + std::string(what));
}

// The canonical text of an address, nothing when it is none of that family.
std::optional<std::string> canonical(int family, std::string_view text) {
  std::array<unsigned char, 16> raw;
  std::array<char, INET6_ADDRSTRLEN> out;
  if (inet_pton(family, std::string(text).c_str(), raw.data()) != 1) return std::nullopt;
  return std::string(inet_ntop(family, raw.data(), out.data(), out.size()));
}

std::string address_text(int family, const char* raw) {
  std::array<char, INET6_ADDRSTRLEN> out;
  return inet_ntop(family, raw, out.data(), out.size());
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return rt::whole_number<std::uint16_t>(text);
}

// Cuts off the word before the next space; the words of a version 1 line are separated by exactly one.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

rt::Result<std::optional<ProxyHeader>> parse_v1(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kProxyV1BytesMax).find('\n');
  if (end == std::string_view::npos) {
    if (bytes.size() >= kProxyV1BytesMax) return malformed("the line is too long");
    return std::nullopt;
  }
  std::string_view line = bytes.substr(0, end);
  if (!line.ends_with('\r')) return malformed("a bare line feed");
  line = line.substr(kV1Start.size(), line.size() - kV1Start.size() - 1);
  const std::string_view family = take_word(line);
  ProxyHeader header{.used_bytes = end + 1, .source = {}};
  if (family == "UNKNOWN") return header;
  if (family != "TCP4" && family != "TCP6") return malformed("unknown family");
  const int af = family == "TCP4" ? AF_INET : AF_INET6;
  auto source = canonical(af, take_word(line));
  const auto destination = canonical(af, take_word(line));
  const auto source_port = port_of(take_word(line));
  const auto destination_port = port_of(line);
  if (!source || !destination || !source_port || !destination_port) return malformed("bad address or port");
  header.source = std::move(*source);
  header.source_port = *source_port;
  return header;
}

std::uint16_t big_endian(const char* at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(at[0]) << 8 | static_cast<unsigned char>(at[1]));
}

rt::Result<std::optional<ProxyHeader>> parse_v2(std::string_view bytes) {
  if (bytes.size() < kV2FixedBytes) return std::nullopt;
  const auto version_command = static_cast<unsigned char>(bytes[12]);
  const auto family = static_cast<unsigned char>(bytes[13]) >> 4;
  const std::size_t payload_bytes = big_endian(bytes.data() + 14);
  const unsigned command = version_command & 15U;
  if (version_command >> 4 != 2 || command > 1) return malformed("unknown version or command");
  if (kV2FixedBytes + payload_bytes > kProxyV2BytesMax) return malformed("the header is too long");
  if (bytes.size() < kV2FixedBytes + payload_bytes) return std::nullopt;
  ProxyHeader header{.used_bytes = kV2FixedBytes + payload_bytes, .source = {}};
  if (command == 0) return header;  // LOCAL: a health check of the proxy itself
  const char* addresses = bytes.data() + kV2FixedBytes;
  if (family == 1) {
    if (payload_bytes < kV2Ipv4Bytes) return malformed("too short for its addresses");
    header.source = address_text(AF_INET, addresses);
    header.source_port = big_endian(addresses + 8);
  } else if (family == 2) {
    if (payload_bytes < kV2Ipv6Bytes) return malformed("too short for its addresses");
    header.source = address_text(AF_INET6, addresses);
    header.source_port = big_endian(addresses + 32);
  }
  return header;  // another family: the address is not known
}

// What is there of both agrees.
bool begins_with(std::string_view text, std::string_view start) {
  return start.substr(0, text.size()) == text.substr(0, start.size());
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool may_be_proxy_header(std::span<const std::byte> bytes) {
  return begins_with(text_of(bytes), kV1Start) || begins_with(text_of(bytes), kV2Signature);
}

rt::Result<std::optional<ProxyHeader>> parse_proxy_header(std::span<const std::byte> bytes) {
  const std::string_view text = text_of(bytes);
  if (begins_with(text, kV1Start)) return text.size() < kV1Start.size() ? std::nullopt : parse_v1(text);
  if (begins_with(text, kV2Signature)) return text.size() < kV2Signature.size() ? std::nullopt : parse_v2(text);
  return malformed("neither version");
}

}  // namespace millrace::net
