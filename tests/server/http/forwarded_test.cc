#include "server/http/forwarded.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

bool trusts_ten(std::string_view address) { return address.starts_with("10.") || address == "::1"; }

Request from(const char* peer, std::initializer_list<std::pair<const char*, const char*>> fields) {
  Request request;
  request.peer.address = peer;
  request.authority = "inside:8080";
  for (const auto& [name, value] : fields) request.fields.add(name, value);
  apply_forwarded(request, trusts_ten);
  return request;
}

TEST(Forwarded, means_nothing_from_a_stranger) {
  const Request request = from("6.6.6.6", {{"forwarded", "for=1.2.3.4;proto=https;host=evil"},
                                           {"x-forwarded-for", "1.2.3.4"},
                                           {"x-forwarded-proto", "https"}});
  EXPECT_EQ(request.peer.address, "6.6.6.6");
  EXPECT_FALSE(request.peer.tls);
  EXPECT_EQ(request.authority, "inside:8080");
}

TEST(Forwarded, gives_client_scheme_and_host) {
  const Request request =
      from("10.0.0.1", {{"forwarded", "For=\"[2001:db8::1]:4711\"; Proto=HTTPS;host=\"out.example:443\""}});
  EXPECT_EQ(request.peer.address, "2001:db8::1");
  EXPECT_TRUE(request.peer.tls);
  EXPECT_EQ(request.authority, "out.example:443");
}

TEST(Forwarded, stops_at_the_right_most_hop_that_is_not_trusted) {
  const Request request =
      from("10.0.0.1", {{"forwarded", "for=9.9.9.9;host=spoofed;proto=http"},
                        {"forwarded", "for=1.2.3.4:99;proto=https;host=real, for=10.0.0.2;proto=http;host=middle"}});
  EXPECT_EQ(request.peer.address, "1.2.3.4");
  EXPECT_TRUE(request.peer.tls);
  EXPECT_EQ(request.authority, "real");
}

TEST(Forwarded, stops_at_a_hop_without_an_address) {
  const Request request = from("10.0.0.1", {{"forwarded", "for=9.9.9.9, for=unknown, for=10.0.0.2"}});
  EXPECT_EQ(request.peer.address, "10.0.0.2");
}

TEST(Forwarded, prefers_the_standard_field) {
  const Request request = from("10.0.0.1", {{"x-forwarded-for", "9.9.9.9"}, {"forwarded", "for=1.2.3.4"}});
  EXPECT_EQ(request.peer.address, "1.2.3.4");
}

TEST(Forwarded, reads_the_older_fields) {
  const Request request = from("10.0.0.1", {{"x-forwarded-for", "9.9.9.9, 1.2.3.4, 10.0.0.3"},
                                            {"x-forwarded-proto", "https"},
                                            {"x-forwarded-host", "out.example"}});
  EXPECT_EQ(request.peer.address, "1.2.3.4");
  EXPECT_TRUE(request.peer.tls);
  EXPECT_EQ(request.authority, "out.example");
  const Request listed =
      from("10.0.0.1", {{"x-forwarded-for", "1.2.3.4, 10.0.0.3"}, {"x-forwarded-proto", "https, http"}});
  EXPECT_TRUE(listed.peer.tls);
}

TEST(Forwarded, keeps_scheme_and_host_without_a_client) {
  const Request request = from("::1", {{"x-forwarded-proto", "https"}, {"x-forwarded-host", "out.example"}});
  EXPECT_EQ(request.peer.address, "::1");
  EXPECT_TRUE(request.peer.tls);
  EXPECT_EQ(request.authority, "out.example");
}

TEST(Forwarded, takes_no_nonsense_for_a_host) {
  for (const char* host : {"a b", "a/b", "a\"b", "", "<script>", "u@h"}) {
    EXPECT_EQ(from("10.0.0.1", {{"x-forwarded-for", "1.2.3.4"}, {"x-forwarded-host", host}}).authority, "inside:8080")
        << host;
  }
}

}  // namespace
}  // namespace millrace::http
