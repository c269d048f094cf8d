#include "media/transcripts/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "server/http/json.h"

namespace millrace::media {
namespace {

constexpr std::string_view kWords[] = {"json", "txt", "srt", "vtt"};
constexpr std::string_view kTypes[] = {"application/json", "text/plain; charset=utf-8",
                                       "application/x-subrip; charset=utf-8", "text/vtt; charset=utf-8"};
constexpr std::int64_t kParagraphPauseMs = 2'000;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0'; }

// A word on one line, without blanks around it.
std::string tidy(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  std::string tidied(text);
  std::ranges::replace_if(tidied, is_blank, ' ');
  return tidied;
}

// None begins before the one that stands before it.
std::vector<Word> tidied(const std::vector<Word>& words) {
  std::vector<Word> out;
  out.reserve(words.size());
  std::int64_t from_ms = 0;
  for (const Word& word : words) {
    std::string text = tidy(word.text);
    from_ms = std::max(from_ms, word.start_ms);
    if (!text.empty()) out.push_back({std::move(text), from_ms, std::max(from_ms, word.end_ms), word.confidence});
  }
  return out;
}

// One line, or two that are cut at the word nearest to the middle.
std::vector<std::string> lines_of(const std::vector<std::string>& words) {
  std::string all = fmt::format("{}", fmt::join(words, " "));
  if (all.size() <= kLineBytesMax || words.size() < 2) return {std::move(all)};
  std::size_t best = all.find(' ');
  const auto from_middle = [&](std::size_t at) { return std::max(at, all.size() - at); };
  for (std::size_t at = words.front().size(), i = 1; i < words.size(); at += 1 + words[i].size(), ++i) {
    if (from_middle(at) < from_middle(best)) best = at;
  }
  return {all.substr(0, best), all.substr(best + 1)};
}

std::string clock_text(std::int64_t ms, char before_fraction) {
  ms = std::max<std::int64_t>(ms, 0);
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, before_fraction,
                     ms % 1000);
}

// WebVTT §4.2.2: what would be markup, and with it the arrow that must not be in a cue.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

// SubRip knows no escapes: an arrow would be taken for times.
std::string without_arrows(std::string text) {
  for (std::size_t at; (at = text.find("-->")) != text.npos;) text.erase(at, 1);
  return text;
}

std::string vtt_of(const Transcript& transcript) {
  std::string out = "WEBVTT\n";
  for (const Cue& cue : cues(transcript.words)) {
    out += fmt::format("\n{} --> {}\n", clock_text(cue.start_ms, '.'), clock_text(cue.end_ms, '.'));
    for (const std::string& line : cue.lines) out += escaped(line) + "\n";
  }
  return out;
}

std::string srt_of(const Transcript& transcript) {
  std::string out;
  std::size_t number = 0;
  for (const Cue& cue : cues(transcript.words)) {
    if (number > 0) out += "\n";
    out += fmt::format("{}\n{} --> {}\n", ++number, clock_text(cue.start_ms, ','), clock_text(cue.end_ms, ','));
    for (const std::string& line : cue.lines) out += without_arrows(line) + "\n";
  }
  return out;
}

// Running text: a line for what is said without a long pause.
std::string txt_of(const std::vector<Word>& words) {
  std::string out;
  std::int64_t end_ms = 0;
  for (const Word& word : tidied(words)) {
    if (!out.empty()) out += word.start_ms - end_ms >= kParagraphPauseMs ? '\n' : ' ';
    out += word.text;
    end_ms = std::max(end_ms, word.end_ms);
  }
  if (!out.empty()) out += '\n';
  return out;
}

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

std::string json_of(const Transcript& transcript) {
  std::string text = txt_of(transcript.words);
  if (!text.empty()) text.pop_back();
  http::JsonWriter json;
  json.begin_object().member("id", transcript.id).member("mediaId", transcript.media_id);
  json.member("languageCode", transcript.language).member("engine", transcript.engine).member("text", text);
  json.key("words").begin_array();
  for (const Word& word : transcript.words) {
    json.begin_object().member("text", word.text).member("start", seconds(word.start_ms));
    json.member("end", seconds(word.end_ms)).member("confidence", word.confidence).end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace

std::string_view word(TranscriptFormat format) { return kWords[static_cast<std::size_t>(format)]; }

std::optional<TranscriptFormat> parse_transcript_format(std::string_view text) {
  const auto found = std::ranges::find(kWords, text);
  if (found == std::end(kWords)) return std::nullopt;
  return static_cast<TranscriptFormat>(found - std::begin(kWords));
}

std::string_view content_type(TranscriptFormat format) { return kTypes[static_cast<std::size_t>(format)]; }

std::vector<Cue> cues(const std::vector<Word>& words) {
  std::vector<Cue> all;
  std::vector<std::string> texts;
  const auto end_cue = [&] {
    if (!texts.empty()) all.back().lines = lines_of(texts);
    texts.clear();
  };
  for (const Word& word : tidied(words)) {
    const bool goes_on = !texts.empty() && texts.size() < kCueWordsMax && word.end_ms - all.back().start_ms <= kCueMs &&
                         word.start_ms - all.back().end_ms < kPauseMs;
    if (!goes_on) {
      end_cue();
      all.push_back({word.start_ms, word.start_ms + 1, {}});
    }
    all.back().end_ms = std::max(all.back().end_ms, word.end_ms);
    texts.push_back(word.text);
  }
  end_cue();
  return all;
}

std::string render(const Transcript& transcript, TranscriptFormat format) {
  switch (format) {
    case TranscriptFormat::kTxt:
      return txt_of(transcript.words);
    case TranscriptFormat::kSrt:
      return srt_of(transcript);
    case TranscriptFormat::kVtt:
      return vtt_of(transcript);
    case TranscriptFormat::kJson:
      break;
  }
  return json_of(transcript);
}

}  // namespace millrace::media
