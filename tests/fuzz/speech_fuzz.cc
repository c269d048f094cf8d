// Hostile output of speech engines: what is taken has times in order and makes subtitles whose cues have a length.
#include <cstdint>
#include <string_view>

#include "media/transcripts/engine_output.h"
#include "media/transcripts/formats.h"

namespace {

void check(const std::vector<millrace::media::Word>& words) {
  using namespace millrace::media;
  for (const Word& word : words) {
    if (word.end_ms < word.start_ms || word.confidence < 0 || word.confidence > 1) __builtin_trap();
  }
  std::int64_t from_ms = 0;
  for (const Cue& cue : cues(words)) {
    if (cue.end_ms <= cue.start_ms || cue.start_ms < from_ms || cue.lines.empty() || cue.lines.size() > 2) {
      __builtin_trap();
    }
    from_ms = cue.start_ms;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  const std::string_view text(reinterpret_cast<const char*>(data), bytes);
  if (const auto words = millrace::media::parse_ctm(text)) check(*words);
  if (const auto words = millrace::media::parse_whisper(text)) check(*words);
  return 0;
}
