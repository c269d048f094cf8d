#include "server/http/crypto.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

TEST(Crypto, digests_known_texts) {
  EXPECT_EQ(hex(sha256(bytes_of(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256(bytes_of("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(md5(bytes_of("abc"))), "900150983cd24fb0d6963f7d28e17f72");
}

TEST(Crypto, hmac_follows_rfc_4231) {
  EXPECT_EQ(hex(hmac_sha256(bytes_of(std::string(20, '\x0b')), bytes_of("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Crypto, an_empty_key_is_not_the_last_one) {
  const auto empty = hmac_sha256({}, bytes_of("x"));
  hmac_sha256(bytes_of("key"), bytes_of("x"));
  EXPECT_EQ(hmac_sha256({}, bytes_of("x")), empty);
}

TEST(Crypto, hashes_pieces_like_the_whole_and_starts_anew) {
  Hasher hasher(Hasher::Kind::kSha256);
  for (int round = 0; round < 2; ++round) {
    hasher.update(bytes_of("a"));
    hasher.update(bytes_of("bc"));
    EXPECT_EQ(hex(bytes_of(hasher.finish())), hex(sha256(bytes_of("abc"))));
  }
  Hasher sha1(Hasher::Kind::kSha1);
  sha1.update(bytes_of("abc"));
  EXPECT_EQ(hex(bytes_of(sha1.finish())), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Crypto, hex_and_back) {
  EXPECT_EQ(unhex("00fFa1"), std::string("\x00\xff\xa1", 3));
  EXPECT_FALSE(unhex("0"));
  EXPECT_FALSE(unhex("0g"));
}

TEST(Crypto, base64_and_back) {
  for (const auto& [plain, text] :
       {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}}) {
    EXPECT_EQ(base64(bytes_of(plain)), text);
    EXPECT_EQ(base64_decode(text), plain);
  }
  EXPECT_EQ(base64_decode("//+A"), std::string("\xff\xff\x80"));
}

TEST(Crypto, base64_is_strict) {
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zg===", "====", "A===", "Zh==", "Zm9=", "Zm9v\n", "Zm 9", "Zg==Zg==", "Zm-_"}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
}

TEST(Crypto, compares_whole_texts) {
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "abcd"));
}

TEST(Crypto, random_texts_differ) {
  EXPECT_EQ(random_hex(16).size(), 32U);
  EXPECT_NE(random_hex(16), random_hex(16));
}

}  // namespace
}  // namespace millrace::http
