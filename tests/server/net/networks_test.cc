#include "server/net/networks.h"

#include <gtest/gtest.h>

namespace millrace::net {
namespace {

TEST(Networks, HoldAddressesAndBlocks) {
  const auto networks = Networks::parse({"10.0.0.0/8", "192.0.2.7", "fd00::/8", "::1", "172.16.0.0/12"});
  ASSERT_TRUE(networks);
  for (const char* inside : {"10.1.2.3", "::ffff:10.9.9.9", "192.0.2.7", "fdab::1", "::1", "172.31.255.255"}) {
    EXPECT_TRUE(networks->contains(inside)) << inside;
  }
  for (const char* outside : {"11.0.0.1", "192.0.2.8", "fe80::1", "::2", "172.32.0.0", "nonsense", ""}) {
    EXPECT_FALSE(networks->contains(outside)) << outside;
  }
}

TEST(Networks, RefuseWhatIsNone) {
  for (const char* wrong : {"10.0.0.0/33", "fd00::/129", "host", "10.0.0.0/", "10.0.0.0/x", "10.0.0/8", "/8"}) {
    EXPECT_FALSE(Networks::parse({wrong})) << wrong;
  }
}

}  // namespace
}  // namespace millrace::net
