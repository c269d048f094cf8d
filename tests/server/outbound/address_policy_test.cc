#include "server/outbound/address_policy.h"

#include <gtest/gtest.h>

namespace millrace::outbound {
namespace {

bool may_call(std::string_view address, const std::vector<std::string>& allow = {}) {
  return AddressPolicy::parse(allow).value().check(address).has_value();
}

TEST(AddressPolicy, CallsWhatIsGloballyReachable) {
  for (std::string_view address :
       {"8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "169.253.0.1",
        "192.167.1.1", "223.255.255.255", "2606:4700::1111", "2a00::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(may_call(address)) << address;
  }
}

TEST(AddressPolicy, RefusesWhatIsNot) {
  for (std::string_view address :
       {"127.0.0.1",       "127.255.255.254", "0.0.0.0",     "0.1.2.3",         "10.0.0.1",        "10.255.255.255",
        "172.16.0.1",      "172.31.255.255",  "192.168.0.1", "169.254.169.254", "169.254.0.1",     "100.64.0.1",
        "100.127.255.255", "192.0.0.1",       "192.0.2.1",   "198.18.0.1",      "198.19.255.255",  "198.51.100.1",
        "203.0.113.1",     "224.0.0.1",       "239.1.1.1",   "240.0.0.1",       "255.255.255.255", "192.88.99.1"}) {
    EXPECT_FALSE(may_call(address)) << address;
  }
}

TEST(AddressPolicy, RefusesTheSameInIpv6) {
  for (std::string_view address : {"::",
                                   "::1",
                                   "fc00::1",
                                   "fd12:3456::1",
                                   "fe80::1",
                                   "febf::1",
                                   "fec0::1",
                                   "ff02::1",
                                   "100::1",
                                   "2001:db8::1",
                                   "3fff::1",
                                   "2001::1",
                                   "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                                   "2002:7f00:1::",
                                   "2002:a00:1::1",
                                   "::ffff:127.0.0.1",
                                   "::ffff:10.0.0.1",
                                   "::ffff:169.254.169.254",
                                   "::127.0.0.1",
                                   "64:ff9b::127.0.0.1",
                                   "64:ff9b::10.0.0.1",
                                   "64:ff9b::a9fe:a9fe",
                                   "64:ff9b:1::1",
                                   "4000::1",
                                   "fd00:ec2::254"}) {
    EXPECT_FALSE(may_call(address)) << address;
  }
}

TEST(AddressPolicy, RefusesWhatIsNoAddress) {
  for (std::string_view address :
       {"", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "fe80::1%lo", "[::1]", " 8.8.8.8"}) {
    EXPECT_FALSE(may_call(address)) << address;
  }
}

TEST(AddressPolicy, CallsWhatTheOperatorAllowed) {
  const std::vector<std::string> allow = {"127.0.0.1/32", "fd00::/8"};
  EXPECT_TRUE(may_call("127.0.0.1", allow));
  EXPECT_TRUE(may_call("::ffff:127.0.0.1", allow));
  EXPECT_TRUE(may_call("fd00::7", allow));
  EXPECT_FALSE(may_call("127.0.0.2", allow));
  EXPECT_FALSE(may_call("::1", allow));
  EXPECT_FALSE(AddressPolicy::parse({"127.0.0.1/33"}).has_value());
}

TEST(AddressPolicy, TellsNoAddress) {
  const auto refused = AddressPolicy::parse({}).value().check("10.1.2.3");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, rt::Code::kForbidden);
  EXPECT_EQ(refused.error().message.find("10.1"), std::string::npos);
}

}  // namespace
}  // namespace millrace::outbound
