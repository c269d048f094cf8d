#include "server/net/proxy_protocol.h"

#include <gtest/gtest.h>

namespace millrace::net {
namespace {

using Parsed = rt::Result<std::optional<ProxyHeader>>;

Parsed parse(std::string_view text) { return parse_proxy_header(std::as_bytes(std::span(text))); }

std::string v2(unsigned char command, unsigned char family, std::string_view payload) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(payload.size() >> 8);
  bytes += static_cast<char>(payload.size() & 255);
  return bytes.append(payload);
}

const std::string kIpv4("\xc0\xa8\x00\x01\x7f\x00\x00\x01\x1f\x90\x00\x50", 12);

TEST(ProxyProtocol, reads_version_1) {
  const auto header = parse("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n");
  ASSERT_TRUE(header && *header);
  EXPECT_EQ((*header)->source, "192.168.0.1");
  EXPECT_EQ((*header)->source_port, 56324);
  EXPECT_EQ((*header)->used_bytes, 47U);
}

TEST(ProxyProtocol, reads_version_1_ipv6_in_canonical_form) {
  const auto header = parse("PROXY TCP6 2001:DB8:0:0::1 ::1 1 65535\r\n");
  ASSERT_TRUE(header && *header);
  EXPECT_EQ((*header)->source, "2001:db8::1");
}

TEST(ProxyProtocol, unknown_and_local_tell_no_address) {
  const auto unknown = parse("PROXY UNKNOWN ffff::1 what ever\r\n");
  ASSERT_TRUE(unknown && *unknown);
  EXPECT_EQ((*unknown)->source, "");
  const auto local = parse(v2(0x20, 0x00, ""));
  ASSERT_TRUE(local && *local);
  EXPECT_EQ((*local)->source, "");
  EXPECT_EQ((*local)->used_bytes, 16U);
  const auto unix_socket = parse(v2(0x21, 0x31, std::string(216, 'x')));
  ASSERT_TRUE(unix_socket && *unix_socket);
  EXPECT_EQ((*unix_socket)->source, "");
}

TEST(ProxyProtocol, reads_version_2_and_skips_extensions) {
  const auto header = parse(v2(0x21, 0x11, kIpv4 + std::string("\x04\x00\x01x", 4)) + "rest");
  ASSERT_TRUE(header && *header);
  EXPECT_EQ((*header)->source, "192.168.0.1");
  EXPECT_EQ((*header)->source_port, 8080);
  EXPECT_EQ((*header)->used_bytes, 32U);
  const auto v6 = parse(v2(0x21, 0x21, std::string(15, '\0') + "\x01" + std::string(20, '\0')));
  ASSERT_TRUE(v6 && *v6);
  EXPECT_EQ((*v6)->source, "::1");
}

TEST(ProxyProtocol, needs_more_at_every_cut) {
  for (const std::string& whole :
       {std::string("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n"), v2(0x21, 0x11, kIpv4 + std::string("\x04\x00\x01x", 4))}) {
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      const auto header = parse(std::string_view(whole).substr(0, cut));
      ASSERT_TRUE(header) << cut;
      EXPECT_FALSE(*header) << cut;
    }
    EXPECT_TRUE(parse(whole).value());
  }
}

TEST(ProxyProtocol, refuses_what_is_none) {
  for (const std::string& bad :
       {std::string("GET / HTTP/1.1\r\n"), std::string("PROXY TCP5 1.2.3.4 5.6.7.8 9 10\r\n"),
        std::string("PROXY TCP4 1.2.3.4 5.6.7.8 9\r\n"), std::string("PROXY TCP4 1.2.3.4 5.6.7.8 9 70000\r\n"),
        std::string("PROXY TCP4 1.2.3.4 5.6.7.8 9 10 \r\n"), std::string("PROXY TCP4  1.2.3.4 5.6.7.8 9 10\r\n"),
        std::string("PROXY TCP4 ::1 ::1 9 10\r\n"), std::string("PROXY TCP4 1.2.3.4 5.6.7.8 09 10\r\n"),
        std::string("PROXY UNKNOWN\n"), "PROXY UNKNOWN " + std::string(100, 'x'), v2(0x31, 0x11, kIpv4),
        v2(0x22, 0x11, kIpv4), v2(0x21, 0x11, "short"), v2(0x21, 0x21, kIpv4),
        v2(0x21, 0x11, std::string(4097, 'x'))}) {
    EXPECT_FALSE(parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace millrace::net
