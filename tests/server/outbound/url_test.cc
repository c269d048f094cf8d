#include "server/outbound/url.h"

#include <gtest/gtest.h>

namespace millrace::outbound {
namespace {

TEST(Url, IsReadInParts) {
  const auto parts = parse_url("https://user:word@media.example:8443/a%2Fb/My%20film.mp4?X-Amz-Signature=a%2Fb&x=/y/z");
  ASSERT_TRUE(parts) << parts.error().message;
  EXPECT_EQ(parts->scheme, "https");
  EXPECT_EQ(parts->host, "media.example");
  EXPECT_EQ(parts->last_segment, "My film.mp4");
  EXPECT_EQ(parse_url("http://[::1]:9/")->host, "[::1]");
  EXPECT_EQ(parse_url("http://host")->last_segment, "");
}

TEST(Url, RefusesOtherSchemesAndNamesTheField) {
  for (std::string_view url : {"file:///etc/passwd", "ftp://host/x", "gopher://host/_x", "dict://host/", "data:,x",
                               "javascript:alert(1)", "//host/x", "/x", "host/x", "", "http://", "http://ho st/",
                               "http://host/a b", "http://host/\r\nX: y", "http://host:99999/"}) {
    const auto parts = parse_url(url, "files");
    ASSERT_FALSE(parts) << url;
    EXPECT_EQ(parts.error().code, rt::Code::kInvalid) << url;
    EXPECT_EQ(parts.error().field, "files") << url;
  }
  EXPECT_FALSE(parse_url("http://host/" + std::string(kUrlBytesMax, 'x')));
}

TEST(Url, HidesSecrets) {
  EXPECT_EQ(masked_url("https://u:p@host/a/b?X-Amz-Signature=s#f"), "https://***@host/a/b?***");
  EXPECT_EQ(masked_url("https://host/a@b"), "https://host/a@b");
  EXPECT_EQ(masked_url("https://u:p@a@host"), "https://***@host");
  EXPECT_EQ(url_without_user("https://u:p@host/a?sig=s@t"), "https://***@host/a?sig=s@t");
}

}  // namespace
}  // namespace millrace::outbound
