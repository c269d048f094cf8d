#include "media/records/codec_encoded.h"

#include "media/media.pb.h"
#include "media/records/codec_wire.h"

namespace millrace::media {

using namespace wire;

std::string encode(const EncodedMonth& month) {
  record::EncodedMonth out;
  out.set_play_ms(month.play_ms);
  return bytes_of(out);
}

rt::Result<EncodedMonth> decode_encoded_month(const store::Record& record) {
  auto in = parse<record::EncodedMonth>(record.value, "month of encodes");
  if (!in) return rt::pass(in);
  return EncodedMonth{.play_ms = in->play_ms(), .revision = record.revision};
}

}  // namespace millrace::media
