// Parser: HTTP/1.1 requests out of bytes (RFC 9112), one after the other. Does no I/O and copies no body byte: it says
// which run of the input is body. The grammar is the library's; on top of it stands what the library lets through and
// what turns into request smuggling behind a proxy: every such doubt is an error, after which the connection must
// close. Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "server/h1/limits.h"
#include "server/http/message.h"

namespace millrace::h1 {

// What the head says about the message that follows it.
struct Framing {
  bool http11 = true;
  bool keep_alive = true;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  bool expects_continue = false;
  bool expects_unknown = false;  // answered with 417

  bool has_body() const noexcept { return chunked || content_length.value_or(0) > 0; }
};

// How to refuse what cannot be parsed.
struct Refusal {
  int status = 0;
  std::string_view reason;
  // The peer does not speak HTTP/1 (a broken HTTP/2 preface, say): an answer in it would only confuse. Just close.
  bool silent = false;
};

class Parser {
 public:
  explicit Parser(const Limits& limits);  // which outlive it
  explicit Parser(Limits&&) = delete;
  ~Parser();

  enum class Event : std::uint8_t {
    kMore,    // all input is used up, nothing is complete
    kHead,    // the request is filled in; framing() holds
    kBody,    // a run of body bytes
    kEnd,     // the message is complete, trailers too; the next call begins another
    kRefused  // refusal() says why; nothing may follow
  };
  struct Step {
    Event event;
    std::size_t used_bytes = 0;  // of the input, from its front
    // kBody: where in the input the body bytes lie.
    std::size_t body_start = 0;
    std::size_t body_bytes = 0;
  };
  // The next event in `input`; called again with what was not used. Fills `request` and, at the end of a chunked body,
  // `trailers`. A head is done when kHead was given; kEnd always follows in a call of its own.
  Step next(std::span<const std::byte> input, http::Request& request, http::Fields& trailers);

  const Framing& framing() const noexcept;
  const Refusal& refusal() const noexcept;
  // True from the first byte of a request until its head is complete.
  bool inside_head() const noexcept;
  // Body bytes still to come, when content-length told.
  std::optional<std::uint64_t> body_left() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::h1
