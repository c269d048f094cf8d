// Stream: one request of an HTTP/2 session and its response. A value of state that the session and its callbacks
// change; to handlers it is the Exchange. It lives until the protocol has closed the stream and the handler's coroutine
// has ended, whichever comes last, and is then used again.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "server/http/message.h"
#include "server/rt/event.h"

namespace millrace::h2 {

class Session;

// Body slices that wait to be framed.
class Outgoing {
 public:
  void push(rt::Slice slice);
  // Moves the first `bytes` to `sink`, slice by slice.
  template <class Sink>
  void take(std::size_t bytes, Sink sink) {
    bytes_ -= bytes;
    while (bytes > 0) {
      rt::Slice& front = slices_[first_];
      const std::size_t part = front.size() < bytes ? front.size() : bytes;
      sink(front.take_front(part));
      bytes -= part;
      if (front.empty()) drop_front();
    }
  }
  std::size_t bytes() const noexcept { return bytes_; }
  void clear() noexcept;

 private:
  void drop_front() noexcept;
  std::vector<rt::Slice> slices_;
  std::size_t first_ = 0;
  std::size_t bytes_ = 0;
};

class Stream final : public http::Exchange, public http::CreditLine {
 public:
  Stream() = default;
  ~Stream() = default;

  void inform(int status, const http::Fields& fields) override;
  void consumed(std::size_t bytes) override;

  void begin(Session& owner, std::int32_t stream_id, std::int64_t now_ms);
  // Forgets one exchange, keeps the capacity of its texts.
  void forget();

  Session* session = nullptr;
  std::int32_t stream_id = 0;
  std::size_t live_index = 0;  // in the session's list

  // Where the stream is in its life.
  bool headers_complete = false;
  bool answering = false;  // the handler's coroutine runs
  bool gone = false;       // closed in the protocol; nothing more may be asked of it there
  bool responded = false;  // the final response head was submitted
  bool response_sent = false;
  bool expects_continue = false;
  bool too_large = false;  // header fields above the limit
  std::string_view error;  // why it was aborted

  // The request body.
  std::uint64_t received_bytes = 0;
  std::uint64_t dropped_bytes = 0;  // arrived after the answer
  std::size_t header_fields = 0;
  std::int32_t window_bytes = 0;
  std::int64_t epoch_bytes = 0;  // consumed since epoch_us
  std::int64_t epoch_us = 0;
  std::uint64_t progress_bytes = 0;  // received_bytes at progress_ms
  std::int64_t progress_ms = 0;

  // The response.
  http::Response response;
  std::string length_text;
  Outgoing outgoing;
  bool outgoing_ended = false;
  std::uint64_t sent_bytes = 0;
  std::uint64_t sent_progress_bytes = 0;  // sent_bytes at sent_ms
  std::int64_t sent_ms = 0;
  rt::Event room;  // outgoing has become short, or the stream is gone
};

}  // namespace millrace::h2
