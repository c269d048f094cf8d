// The files a transcript can be taken away as. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/transcripts/transcript.h"

namespace millrace::media {

enum class TranscriptFormat : std::uint8_t { kJson, kTxt, kSrt, kVtt };

// "json", "txt", "srt", "vtt": also the extension of such a file.
std::string_view word(TranscriptFormat format);
std::optional<TranscriptFormat> parse_transcript_format(std::string_view word);
// "application/json", "text/plain; charset=utf-8", "application/x-subrip; charset=utf-8", "text/vtt; charset=utf-8".
std::string_view content_type(TranscriptFormat format);

// The whole file: the same transcript always makes the same bytes. vtt is WebVTT (W3C), srt is SubRip's; both in
// cues().
std::string render(const Transcript& transcript, TranscriptFormat format);

// What is shown at once: one or two lines.
struct Cue {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;  // behind its start
  std::vector<std::string> lines;
  bool operator==(const Cue&) const = default;
};

inline constexpr std::size_t kCueWordsMax = 7;
inline constexpr std::int64_t kCueMs = 4'000;     // a cue ends before the word that would make it longer
inline constexpr std::int64_t kPauseMs = 700;     // silence that ends a cue
inline constexpr std::size_t kLineBytesMax = 42;  // a longer cue has two lines, of about the same length

// Of words in the order of time. Line breaks inside words are spaces; words of nothing else are left out.
std::vector<Cue> cues(const std::vector<Word>& words);

}  // namespace millrace::media
