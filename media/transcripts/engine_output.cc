#include "media/transcripts/engine_output.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "server/http/json.h"
#include "server/http/utf8.h"
#include "server/rt/text.h"

namespace millrace::media {
namespace {

constexpr double kSecondsMax = 7 * 24 * 3600.0;
constexpr std::size_t kCtmFields = 6;

std::unexpected<rt::Error> not_understood(const char* what) {
  return rt::fail(rt::Code::kUnprocessable, std::string("the speech engine wrote what is not understood: ") + what);
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<double> number(std::string_view text) {
  const auto value = rt::decimal(text, std::chars_format::fixed);
  return value && *value >= 0 && *value <= kSecondsMax ? value : std::nullopt;
}

std::int64_t ms(double seconds) { return std::llround(seconds * 1000); }

bool is_text(std::string_view word) {
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  return word.size() <= kWordBytesMax && http::is_utf8(word) && std::ranges::none_of(word, control);
}

// "<sil>", "[NOISE]", "++UH++".
bool is_noise(std::string_view word) {
  return word.starts_with('<') || word.starts_with('[') || word.starts_with("++");
}

std::optional<Word> ctm_word(std::string_view line) {
  const auto fields = split(line, ' ');
  if (fields.size() != kCtmFields || !is_text(fields[4])) return std::nullopt;
  const auto start = number(fields[2]);
  const auto length = number(fields[3]);
  const auto confidence = number(fields[5]);
  if (!start || !length || !confidence) return std::nullopt;
  const std::string_view text = fields[4].substr(0, fields[4].find('(', 1));
  return Word{std::string(text), ms(*start), ms(*start + *length), std::min(*confidence, 1.0)};
}

// "[BLANK_AUDIO]", "(music)"
bool is_sound(std::string_view text) {
  return (text.starts_with('[') && text.ends_with(']')) || (text.starts_with('(') && text.ends_with(')'));
}

bool add_spoken(std::vector<Word>& words, std::string_view text, std::int64_t from_ms, std::int64_t to_ms) {
  text = rt::trimmed(text, " \n");
  if (is_sound(text)) return true;
  const auto parts = split(text, ' ');
  const auto count = static_cast<std::int64_t>(parts.size());
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string_view part = parts[static_cast<std::size_t>(i)];
    if (!is_text(part)) return false;
    const std::int64_t length_ms = to_ms - from_ms;
    words.push_back({std::string(part), from_ms + length_ms * i / count, from_ms + length_ms * (i + 1) / count, 0});
  }
  return words.size() <= kTranscriptWordsMax;
}

bool add_segment(std::vector<Word>& words, const http::Json& segment) {
  const auto text = segment.text("text");
  const auto offsets = segment.object("offsets");
  if (!text || !*text || !offsets || !*offsets) return false;
  constexpr auto kMsMax = static_cast<std::int64_t>(kSecondsMax * 1000);
  const auto from = (*offsets)->integer("from", 0, kMsMax);
  const auto to = (*offsets)->integer("to", 0, kMsMax);
  if (!from || !*from || !to || !*to) return false;
  return add_spoken(words, **text, **from, std::max(**from, **to));
}

}  // namespace

rt::Result<std::vector<Word>> parse_ctm(std::string_view text) {
  if (text.size() > kEngineBytesMax) return not_understood("too much");
  std::vector<Word> words;
  for (const std::string_view line : split(text, '\n')) {
    auto word = ctm_word(line);
    if (!word || words.size() == kTranscriptWordsMax) return not_understood("not CTM");
    if (!is_noise(word->text)) words.push_back(std::move(*word));
  }
  std::ranges::sort(words, [](const Word& a, const Word& b) {
    return std::pair(a.start_ms, a.end_ms) < std::pair(b.start_ms, b.end_ms);
  });
  return words;
}

rt::Result<std::vector<Word>> parse_whisper(std::string_view json) {
  const auto whole = http::Json::parse_object(json, kEngineBytesMax);
  if (!whole) return not_understood("not JSON");
  const auto segments = whole->objects("transcription");
  if (!segments || !*segments) return not_understood("no transcription");
  std::vector<Word> words;
  for (const http::Json& segment : **segments) {
    if (!add_segment(words, segment)) return not_understood("a segment");
  }
  return words;
}

}  // namespace millrace::media
