// Hostile bytes into the HTTP/1.1 parser, whole and in pieces: however they are cut, the same requests, bodies and
// trailers must come out and the same refusal, or a proxy in front could be led astray.
#include <cstdint>
#include <string>

#include "server/h1/parser.h"

namespace {

using namespace millrace;
using h1::Parser;

void append(std::string& told, const http::Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    told.append(fields[i].name).append("=").append(fields[i].value).append(";");
  }
}

// Everything the parser says, as one text.
std::string tell(std::string_view input, std::size_t piece_bytes) {
  h1::Limits limits;
  limits.head_bytes = 512;
  limits.target_bytes = 128;
  limits.fields_max = 16;
  limits.trailer_bytes = 128;
  Parser parser(limits);
  http::Request request;
  http::Fields trailers;
  std::string told;
  for (std::size_t at = 0; at < input.size(); at += piece_bytes) {
    const std::string piece(input.substr(at, piece_bytes));
    std::span<const std::byte> rest = std::as_bytes(std::span(piece));
    for (;;) {
      const Parser::Step step = parser.next(rest, request, trailers);
      if (step.used_bytes > rest.size() || step.body_start + step.body_bytes > step.used_bytes) __builtin_trap();
      const auto body = rest.subspan(step.body_start, step.body_bytes);
      rest = rest.subspan(step.used_bytes);
      if (step.event == Parser::Event::kHead) {
        told += "|" + request.method_text + " " + request.target + " " + request.authority + "|";
        append(told, request.fields);
        told += "|";
      } else if (step.event == Parser::Event::kBody) {
        told.append(reinterpret_cast<const char*>(body.data()), body.size());
      } else if (step.event == Parser::Event::kEnd) {
        append(told, trailers);
        request.fields.clear();
        trailers.clear();
      } else if (step.event == Parser::Event::kRefused) {
        if (parser.refusal().status < 400) __builtin_trap();
        return told + "!";
      } else {
        if (!rest.empty()) __builtin_trap();
        break;
      }
    }
  }
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  if (bytes < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  const std::string whole = tell(input, input.size());
  const std::string pieces = tell(input, data[0] % 16 + 1);
  // A refusal may come later in pieces, when a line is complete; what was told before it must agree.
  if (whole.ends_with('!') || pieces.ends_with('!')) {
    const std::string_view a = std::string_view(whole).substr(0, whole.size() - whole.ends_with('!'));
    const std::string_view b = std::string_view(pieces).substr(0, pieces.size() - pieces.ends_with('!'));
    const std::size_t common = std::min(a.size(), b.size());
    if (a.substr(0, common) != b.substr(0, common)) __builtin_trap();
  } else if (whole != pieces) {
    __builtin_trap();
  }
  return 0;
}
