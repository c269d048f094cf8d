#include "server/h1/parser.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "server/h1/parser_engine.h"

namespace millrace::h1 {
namespace {

using boost::beast::http::error;

// Empty lines before a request that a server should overlook (RFC 9112 §2.2).
constexpr int kEmptyLinesMax = 4;
constexpr std::size_t kChunkDigitsMax = 16;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A line of chunk framing: 1 to 16 hexadecimal digits, then nothing or an extension without control characters.
bool is_chunk_line(std::string_view line, bool& last) {
  std::size_t digits = 0;
  while (digits < line.size() && std::isxdigit(static_cast<unsigned char>(line[digits]))) ++digits;
  if (digits == 0 || digits > kChunkDigitsMax) return false;
  last = line.find_first_not_of('0') >= digits;
  const std::string_view extension = line.substr(digits);
  if (!extension.empty() && !std::string_view("; \t").contains(extension.front())) return false;
  return std::ranges::none_of(extension, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 127; });
}

// A well-formed version that is not ours is 505, anything else in its place 400.
Refusal version_refusal(std::string_view line) {
  line = line.substr(0, line.find('\r'));
  const std::string_view version = line.substr(std::min(line.rfind(' ') + 1, line.size()));
  if (version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
      is_digit(version[7])) {
    return {505, "only HTTP/1.1 and HTTP/1.0 here"};
  }
  const bool names_another_protocol = !version.starts_with("HTTP/") && std::ranges::count(line, ' ') > 1;
  return {400, "malformed protocol version", names_another_protocol};
}

}  // namespace

struct Parser::State {
  explicit State(const Limits& l) : limits(l) { engine.emplace(limits, lowered); }

  enum class Phase : std::uint8_t {
    kBefore,     // between two messages
    kHead,       // inside request line and fields
    kBody,       // content-length bytes
    kChunkLine,  // a chunk-size line, after the line end that closes the chunk before it
    kChunkData,
    kTrailers,
    kEnd,
    kRefused
  };

  const Limits& limits;
  std::string lowered;
  std::optional<Engine> engine;
  Phase phase = Phase::kBefore;
  Refusal refusal;
  // An unfinished line or head, because the library wants each in one piece.
  std::string carry;
  std::size_t head_bytes = 0;  // taken by the library already
  std::size_t line_start = 0;  // in carry, chunk framing
  std::uint64_t chunk_left = 0;
  bool data_end_due = false;
  int empty_lines = 0;
  bool half_empty_line = false;

  void begin() {
    engine.emplace(limits, lowered);
    phase = Phase::kBefore;
    head_bytes = 0;
    data_end_due = false;
    empty_lines = 0;
  }

  Step refuse(Refusal why, std::size_t used) {
    refusal = why;
    phase = Phase::kRefused;
    return {Event::kRefused, used};
  }
  Step refuse(const Engine::ErrorCode& code, std::size_t used) { return refuse(engine->refusal_for(code), used); }

  std::size_t skip_empty_lines(std::string_view input);
  Step head(std::string_view input, http::Request& request, http::Fields& trailers);
  Step keep_head(std::string_view rest, std::size_t used);
  Step head_done(std::size_t used);
  Step head_in_lines(std::string_view input, http::Request& request, http::Fields& trailers);
  Step body(std::string_view input, http::Request& request, http::Fields& trailers);
  Step chunk_data(std::string_view input, http::Request& request, http::Fields& trailers);
  Step chunk_lines(std::string_view input, http::Request& request, http::Fields& trailers);
  std::size_t take_line(std::string_view input);
  Refusal check_line();
};

// Counts the bytes of line ends in front of a request. Anything but CR LF is left to the grammar to refuse.
std::size_t Parser::State::skip_empty_lines(std::string_view input) {
  std::size_t used = 0;
  while (used < input.size() && empty_lines < kEmptyLinesMax) {
    if (input[used] != (half_empty_line ? '\n' : '\r')) break;
    if (half_empty_line) ++empty_lines;
    half_empty_line = !half_empty_line;
    ++used;
  }
  return used;
}

Parser::Step Parser::State::head(std::string_view input, http::Request& request, http::Fields& trailers) {
  std::size_t skipped = 0;
  if (phase == Phase::kBefore) {
    skipped = skip_empty_lines(input);
    if (skipped == input.size()) return {Event::kMore, skipped};
    if (half_empty_line) return refuse({400, "malformed method"}, skipped);
    input.remove_prefix(skipped);
    phase = Phase::kHead;
  }
  if (!carry.empty()) {
    Step step = head_in_lines(input, request, trailers);
    step.used_bytes += skipped;
    return step;
  }
  const std::string_view whole_lines = input.substr(0, input.rfind('\n') + 1);
  if (whole_lines.empty()) return keep_head(input, skipped + input.size());
  Engine::ErrorCode code;
  const std::size_t used = engine->feed(whole_lines, request, trailers, code);
  head_bytes += used;
  if (code == error::need_more) return keep_head(input.substr(used), skipped + input.size());
  if (code == error::bad_version) return refuse(version_refusal(input), skipped);
  if (code) return refuse(code, skipped + used);
  return head_done(skipped + used);
}

// What is left of an unfinished head waits in the carry.
Parser::Step Parser::State::keep_head(std::string_view rest, std::size_t used) {
  if (head_bytes + rest.size() > limits.head_bytes) return refuse(make_error_code(error::header_limit), used);
  carry = rest;
  return {Event::kMore, used};
}

// The library gets whole lines only: of a torn one it would wait for the end of the head before it finds any fault.
Parser::Step Parser::State::head_in_lines(std::string_view input, http::Request& request, http::Fields& trailers) {
  std::size_t used = 0;
  while (used < input.size()) {
    used += take_line(input.substr(used));
    if (head_bytes + carry.size() > limits.head_bytes) return refuse(make_error_code(error::header_limit), used);
    if (!carry.ends_with('\n')) break;
    if (!carry.ends_with("\r\n")) return refuse({400, "a bare line feed"}, used);
    Engine::ErrorCode code;
    const std::size_t taken = engine->feed(carry, request, trailers, code);
    head_bytes += taken;
    if (code == error::bad_version) return refuse(version_refusal(carry), used);
    carry.erase(0, taken);
    if (code && code != error::need_more) return refuse(code, used);
    if (engine->is_header_done()) return head_done(used);
  }
  return {Event::kMore, used};
}

Parser::Step Parser::State::head_done(std::size_t used) {
  if (head_bytes > limits.head_bytes) return refuse(make_error_code(error::header_limit), used);
  if (const Refusal why = engine->check_head(); why.status != 0) return refuse(why, used);
  phase = engine->framing.chunked ? Phase::kChunkLine : engine->framing.has_body() ? Phase::kBody : Phase::kEnd;
  return {Event::kHead, used};
}

Parser::Step Parser::State::body(std::string_view input, http::Request& request, http::Fields& trailers) {
  if (input.empty()) return {Event::kMore};
  Engine::ErrorCode code;
  const std::size_t used = engine->feed(input, request, trailers, code);
  if (code) return refuse(code, used);
  if (engine->is_done()) phase = Phase::kEnd;
  return {Event::kBody, used, 0, used};
}

Parser::Step Parser::State::chunk_data(std::string_view input, http::Request& request, http::Fields& trailers) {
  if (input.empty()) return {Event::kMore};
  Engine::ErrorCode code;
  const std::size_t used = engine->feed(input, request, trailers, code);
  if (code) return refuse(code, used);
  chunk_left -= used;
  if (chunk_left == 0) {
    phase = Phase::kChunkLine;
    data_end_due = true;
  }
  return {Event::kBody, used, 0, used};
}

// Moves input up to and including the next line feed into the carry.
std::size_t Parser::State::take_line(std::string_view input) {
  const std::size_t feed = input.find('\n');
  const std::size_t bytes = feed == std::string_view::npos ? input.size() : feed + 1;
  // Never more than a head may have, so that a peer without line ends cannot fill memory.
  const std::size_t bounded = std::min(bytes, limits.head_bytes + 1);
  carry.append(input.substr(0, bounded));
  return bounded;
}

// Checks the line of chunk framing that just became complete at the end of the carry.
Refusal Parser::State::check_line() {
  if (!carry.ends_with("\r\n")) return {400, "a bare line feed in the chunk framing"};
  const std::string_view line = std::string_view(carry).substr(line_start, carry.size() - line_start - 2);
  line_start = carry.size();
  if (phase == Phase::kTrailers) return {};
  if (data_end_due) {
    data_end_due = false;
    return line.empty() ? Refusal{} : Refusal{400, "a chunk longer than its size"};
  }
  bool last = false;
  if (!is_chunk_line(line, last)) return {400, "malformed chunk size"};
  if (last) phase = Phase::kTrailers;
  return {};
}

// The library gets chunk framing in whole lines only: it asserts on less, and waits for ever on an unclosed quote.
Parser::Step Parser::State::chunk_lines(std::string_view input, http::Request& request, http::Fields& trailers) {
  std::size_t used = 0;
  while (used < input.size()) {
    used += take_line(input.substr(used));
    const bool in_trailers = phase == Phase::kTrailers;
    if (carry.size() - (in_trailers ? 0 : line_start) >
        (in_trailers ? limits.trailer_bytes : limits.chunk_line_bytes)) {
      return refuse(in_trailers ? Refusal{431, "the trailer fields are too large"}
                                : Refusal{400, "the chunk-size line is too long"},
                    used);
    }
    if (!carry.ends_with('\n')) break;
    const bool data_end = data_end_due;
    const bool empty_line = carry.size() - line_start == 2;
    if (const Refusal why = check_line(); why.status != 0) return refuse(why, used);
    if (data_end) continue;
    Engine::ErrorCode code;
    carry.erase(0, engine->feed(carry, request, trailers, code));
    if (code == error::need_more && phase == Phase::kTrailers && !(in_trailers && empty_line)) continue;
    if (code) return refuse(code == error::need_more ? make_error_code(error::bad_chunk) : code, used);
    line_start = 0;
    if (engine->is_done()) {
      phase = Phase::kEnd;
      return {Event::kMore, used};
    }
    chunk_left = engine->chunk_bytes();
    phase = Phase::kChunkData;
    return {Event::kMore, used};
  }
  return {Event::kMore, used};
}

Parser::Parser(const Limits& limits) : state_(std::make_unique<State>(limits)) {}

Parser::~Parser() = default;

Parser::Step Parser::next(std::span<const std::byte> bytes, http::Request& request, http::Fields& trailers) {
  using Phase = State::Phase;
  const std::string_view input(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Step step{Event::kMore};
  do {
    const std::string_view rest = input.substr(step.used_bytes);
    Step part{Event::kMore};
    switch (state_->phase) {
      case Phase::kBefore:
      case Phase::kHead:
        part = state_->head(rest, request, trailers);
        break;
      case Phase::kBody:
        part = state_->body(rest, request, trailers);
        break;
      case Phase::kChunkData:
        part = state_->chunk_data(rest, request, trailers);
        break;
      case Phase::kChunkLine:
      case Phase::kTrailers:
        part = state_->chunk_lines(rest, request, trailers);
        break;
      case Phase::kEnd:
        state_->begin();
        part = {Event::kEnd};
        break;
      case Phase::kRefused:
        part = {Event::kRefused};
        break;
    }
    step = {part.event, step.used_bytes + part.used_bytes, step.used_bytes, part.body_bytes};
  } while (step.event == Event::kMore && (step.used_bytes < input.size() || state_->phase == Phase::kEnd));
  return step;
}

const Framing& Parser::framing() const noexcept { return state_->engine->framing; }

const Refusal& Parser::refusal() const noexcept { return state_->refusal; }

bool Parser::inside_head() const noexcept { return state_->phase == State::Phase::kHead; }

std::optional<std::uint64_t> Parser::body_left() const noexcept {
  if (state_->phase == State::Phase::kEnd) return 0;
  if (state_->phase != State::Phase::kBody) return std::nullopt;
  return state_->engine->body_left();
}

}  // namespace millrace::h1
