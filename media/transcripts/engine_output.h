// What speech engines write, as words. They hear hostile files, so what they write is hostile too: it is taken strictly
// or not at all, within limits. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "media/transcripts/transcript.h"
#include "server/rt/error.h"

namespace millrace::media {

inline constexpr std::size_t kEngineBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kWordBytesMax = 256;
inline constexpr std::size_t kTranscriptWordsMax = 200'000;  // a day of speech

// NIST CTM, as pocketsphinx_batch writes it: "UTTERANCE CHANNEL START DURATION WORD CONFIDENCE", times in seconds.
// Marks of pronunciation ("for(2)") and of silence ("<sil>", "[NOISE]") are taken off. kUnprocessable for anything
// else.
rt::Result<std::vector<Word>> parse_ctm(std::string_view text);

// The JSON of whisper.cpp (--output-json): `transcription[]` of texts with offsets in milliseconds. A text of several
// words shares its time among them; sounds in brackets are left out. kUnprocessable for anything else.
rt::Result<std::vector<Word>> parse_whisper(std::string_view json);

}  // namespace millrace::media
