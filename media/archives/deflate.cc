#include "media/archives/deflate.h"

#include <zlib.h>

#include <limits>

namespace millrace::media {
namespace {

constexpr int kRawWindow = -MAX_WBITS;  // negative: no zlib header and trailer
constexpr int kMemoryLevel = 8;

}  // namespace

rt::Result<std::string> deflate(std::string_view text) {
  if (text.size() > std::numeric_limits<uInt>::max()) return rt::fail(rt::Code::kTooLarge, "the text is too long");
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    return rt::fail(rt::Code::kInternal, "zlib cannot begin");
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return rt::fail(rt::Code::kInternal, "zlib did not end");
  return out;
}

}  // namespace millrace::media
