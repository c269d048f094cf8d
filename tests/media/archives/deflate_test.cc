#include "media/archives/deflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace millrace::media {
namespace {

std::string inflated(std::string packed, std::size_t bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -MAX_WBITS), Z_OK);
  std::string out(bytes + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Deflate, IsRawAndComesBack) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919 % 1000) + " words ";
  for (const std::string& each : {std::string(), std::string("a"), text}) {
    const auto packed = deflate(each);
    ASSERT_TRUE(packed);
    EXPECT_EQ(inflated(*packed, each.size()), each);
    EXPECT_EQ(*deflate(each), *packed);
  }
  EXPECT_LT(deflate(text)->size(), text.size() / 3);
}

}  // namespace
}  // namespace millrace::media
