// Body: the request body as its handler sees it, one Slice at a time. Asking for the next slice gives the last one's
// credit back to the peer; not asking is the back-pressure. The protocol session fills it; both sides run on the
// same loop.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "server/http/fields.h"
#include "server/rt/bytes.h"
#include "server/rt/error.h"
#include "server/rt/event.h"
#include "server/rt/kept_text.h"

namespace millrace::http {

// Where the credit of consumed bytes goes: the stream's flow-control window, or a paused socket.
class CreditLine {
 public:
  virtual void consumed(std::size_t bytes) = 0;
  // The handler waits for bytes that have not come: the moment to send `100 Continue`.
  virtual void wanted() {}

 protected:
  ~CreditLine() = default;
};

class Body {
 public:
  // The handler's side. The next slice; an empty slice is the end. After an Error (kClosed: the peer went away or
  // reset, kTimeout: it was too slow) nothing follows. One caller at a time.
  auto next() noexcept {
    struct Awaiter {
      Body& body;
      bool await_ready() noexcept {
        body.return_credit();
        if (!body.can_answer() && body.credit_) body.credit_->wanted();
        return body.can_answer();
      }
      void await_suspend(std::coroutine_handle<> waiter) noexcept { body.waiter_ = waiter; }
      rt::Result<rt::Slice> await_resume() { return body.take(); }
    };
    return Awaiter{*this};
  }
  // Bytes announced by content-length, if it was sent.
  std::optional<std::uint64_t> length() const noexcept { return length_; }
  // True once the peer has sent the last byte, read by the handler or not.
  bool ended() const noexcept { return ended_; }
  // Trailer fields; complete once next() gave the end.
  const Fields& trailers() const noexcept { return trailers_; }
  // Body bytes given to the handler so far.
  std::uint64_t delivered_bytes() const noexcept { return delivered_bytes_; }

  // The session's side.
  void open(CreditLine* credit, std::optional<std::uint64_t> length);
  void push(rt::Slice slice);
  void end();
  void fail(rt::Error error);
  // The session dies before the handler: no credit from here on.
  void detach() noexcept { credit_ = nullptr; }
  Fields& trailers() noexcept { return trailers_; }
  // Bytes pushed and not yet taken by the handler.
  std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }
  // True while the handler waits for bytes that have not come.
  bool wanted() const noexcept { return static_cast<bool>(waiter_); }
  // Drops what the handler did not take. Returns how many bytes of credit nobody will give back any more.
  std::size_t discard();
  // Fit for the next request of the session; keeps the queue's memory.
  void clear();

 private:
  bool can_answer() const noexcept { return !slices_.empty() || ended_ || error_; }
  void return_credit();
  rt::Result<rt::Slice> take();
  void wake();

  CreditLine* credit_ = nullptr;
  std::optional<std::uint64_t> length_;
  std::deque<rt::Slice> slices_;
  std::size_t waiting_bytes_ = 0;
  std::size_t uncredited_bytes_ = 0;
  std::uint64_t delivered_bytes_ = 0;
  bool ended_ = false;
  std::optional<rt::Error> error_;
  std::coroutine_handle<> waiter_;
  Fields trailers_;
};

// Reads a whole body of at most `limit_bytes` as text; kTooLarge beyond it. `kept` counts it: kUnavailable when it has
// no room.
rt::Task<rt::Result<std::string>> read_all(Body& body, std::size_t limit_bytes, rt::KeptText* kept = nullptr);

}  // namespace millrace::http
