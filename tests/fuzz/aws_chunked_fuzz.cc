// Hostile bodies into the aws-chunked decoder, whole and split: both must end alike, with the same payload, and no
// signed body is ever accepted. The first byte says where to split and whether chunks are signed.
#include <cstdint>
#include <string>
#include <string_view>

#include "server/http/aws_chunked.h"

namespace {

using namespace millrace;

struct Outcome {
  bool accepted = false;
  std::string payload;
  std::size_t trailers = 0;
};

Outcome decode(std::string_view body, std::size_t piece, bool is_signed) {
  std::optional<http::ChunkChain> chain;
  if (is_signed) chain = http::ChunkChain{{}, "20130524/us-east-1/s3/aws4_request", "20130524T000000Z", "seed"};
  http::AwsChunkedDecoder decoder(chain, true);
  Outcome outcome;
  bool sound = true;
  for (; sound && !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    rt::Slices payload;
    sound = decoder.feed(rt::Slice::copy_of(body.substr(0, piece)), payload).has_value();
    for (const rt::Slice& slice : payload) outcome.payload += slice.text();
  }
  outcome.accepted = sound && decoder.finish();
  outcome.trailers = decoder.trailers().size();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  if (bytes == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  const bool is_signed = (data[0] & 1) != 0;
  const Outcome whole = decode(body, bytes, is_signed);
  const Outcome split = decode(body, data[0] / 2 + 1, is_signed);
  if (is_signed && whole.accepted) __builtin_trap();
  if (whole.accepted != split.accepted) __builtin_trap();
  if (whole.accepted && (whole.payload != split.payload || whole.trailers != split.trailers)) __builtin_trap();
  return 0;
}
