#include "media/records/codec_transcript.h"

#include "media/media.pb.h"
#include "media/records/codec_wire.h"

namespace millrace::media {

using namespace wire;

std::string encode(const Transcript& transcript) {
  record::Transcript out;
  out.set_id(transcript.id);
  out.set_tenant(transcript.tenant);
  out.set_media_id(transcript.media_id);
  out.set_language(transcript.language);
  out.set_engine(transcript.engine);
  for (const Word& word : transcript.words) {
    auto* to = out.add_words();
    to->set_text(word.text);
    to->set_start_ms(word.start_ms);
    to->set_end_ms(word.end_ms);
    to->set_confidence(word.confidence);
  }
  out.set_created_ms(transcript.created_ms);
  return bytes_of(out);
}

rt::Result<Transcript> decode_transcript(const store::Record& record) {
  auto in = parse<record::Transcript>(record.value, "transcript");
  if (!in) return rt::pass(in);
  Transcript transcript{.id = in->id(),
                        .tenant = in->tenant(),
                        .media_id = in->media_id(),
                        .language = in->language(),
                        .engine = in->engine(),
                        .words = {},
                        .created_ms = in->created_ms(),
                        .revision = record.revision};
  for (const auto& word : in->words()) {
    transcript.words.push_back({word.text(), word.start_ms(), word.end_ms(), word.confidence()});
  }
  return transcript;
}

}  // namespace millrace::media
