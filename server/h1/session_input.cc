// The reading half of a Session: from the transport through the parser to the request's body, with the deadlines of a
// peer that sends too slowly and the back-pressure of a handler that reads too slowly.
#include <algorithm>
#include <chrono>

#include "server/h1/session.h"
#include "server/http/request_id.h"
#include "server/rt/block.h"

namespace millrace::h1 {
namespace {

// Small body pieces are gathered up to here before they are copied out as one.
constexpr std::size_t kGatherBytes = 16 * 1024;

std::int64_t now_ms() { return rt::Loop::current().now_ms(); }

std::int64_t monotonic_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace

rt::Task<void> Session::read_loop() {
  while (!stop_) {
    if (!wants_input()) {
      co_await room_.wait();
      last_input_ms_ = now_ms();
      continue;
    }
    auto slice = co_await transport_.read(patience());
    if (stop_) break;
    if (!slice && slice.error().code == rt::Code::kTimeout) {
      if (!on_quiet()) break;
      continue;
    }
    if (!slice) {
      break_off("the peer went away");
      break;
    }
    if (slice->empty()) {
      on_peer_ended();
      break;
    }
    if (input_ == Input::kDead) continue;
    last_input_ms_ = now_ms();
    // What waits for its turn must not pin a receive block by a few bytes.
    const bool small = input_ == Input::kHeld && slice->size() < rt::kPinMinBytes;
    inbox_.push_back(small ? rt::Slice::copy_of(slice->bytes()) : std::move(*slice));
    pump();
  }
  reader_gone_ = true;
  main_.set();
}

bool Session::wants_input() const noexcept {
  if (lingering_) return true;
  switch (input_) {
    case Input::kHead:
      return true;
    case Input::kBody:
      return discarding_ || exchange_.body.waiting_bytes() < limits_.body_waiting_bytes;
    case Input::kHeld:
      return rt::total_bytes(inbox_) < limits_.ahead_bytes && inbox_.size() < limits_.ahead_reads;
    case Input::kDead:
      return false;
  }
  return false;
}

// When the silence of the peer becomes a fault. While a response is prepared there is none; the reader then only looks
// again from time to time, so that a deadline that starts meanwhile is not missed for long.
std::int64_t Session::deadline_ms() const {
  if (input_ == Input::kHead) {
    return parser_.inside_head() ? head_since_ms_ + limits_.head_ms.count() : idle_since_ms_ + limits_.idle_ms.count();
  }
  const bool peer_may_wait = framing_.expects_continue && !continued_;
  if (input_ == Input::kBody && !peer_may_wait) return last_input_ms_ + limits_.body_stall_ms.count();
  return now_ms() + std::min({limits_.head_ms, limits_.body_stall_ms, limits_.idle_ms}).count();
}

std::chrono::milliseconds Session::patience() const {
  return std::chrono::milliseconds(std::max<std::int64_t>(deadline_ms() - now_ms(), 1));
}

// A read gave up. False ends the reader.
bool Session::on_quiet() {
  if (lingering_) return false;
  if (input_ == Input::kDead || input_ == Input::kHeld || deadline_ms() > now_ms()) return true;
  if (input_ == Input::kHead && parser_.inside_head()) {
    refuse({408, "the request head did not arrive in time"});
  } else {
    stop_input({rt::Code::kTimeout, "the peer sent nothing in time"});
  }
  return true;
}

void Session::on_peer_ended() {
  peer_ended_ = true;
  exchange_.peer_left = true;
  // Requests that came before the end are still answered: a peer may close its side only.
  if (input_ != Input::kHeld) stop_input({rt::Code::kClosed, "the peer went away"});
}

// Parses what has come, up to the end of one request.
void Session::pump() {
  while (input_ == Input::kHead || input_ == Input::kBody) {
    const auto bytes = inbox_.empty() ? std::span<const std::byte>() : inbox_.front().bytes();
    const Parser::Step step = parser_.next(bytes, exchange_.request, exchange_.body.trailers());
    if (step.event == Parser::Event::kBody) {
      take_body(inbox_.front().part(step.body_start, step.body_bytes));
    } else if (step.event == Parser::Event::kHead) {
      begin_request();
    } else if (step.event == Parser::Event::kEnd) {
      end_request();
    } else if (step.event == Parser::Event::kRefused) {
      return refuse(parser_.refusal());
    }
    consume(step.used_bytes);
    if (step.event == Parser::Event::kMore && inbox_.empty()) break;
  }
  push_gathered();
  if (!parser_.inside_head())
    head_since_ms_ = 0;
  else if (head_since_ms_ == 0)
    head_since_ms_ = now_ms();
}

void Session::consume(std::size_t bytes) {
  if (inbox_.empty()) return;
  inbox_.front().take_front(bytes);
  if (inbox_.front().empty()) inbox_.erase(inbox_.begin());
}

void Session::begin_request() {
  framing_ = parser_.framing();
  if (framing_.expects_unknown) return refuse({417, "only 100-continue can be expected"});
  input_ = Input::kBody;
  request_ready_ = true;
  exchange_.request.peer = peer_;
  exchange_.started_us = monotonic_us();
  exchange_.body.open(this, framing_.content_length);
  http::make_request_id(exchange_.id);
  // Nothing is held back, but some clients take the lack of a 100 for a final response, and wait for another one on
  // this connection for ever.
  if (framing_.expects_continue && !framing_.has_body()) inform(100, {});
  main_.set();
}

void Session::take_body(rt::Slice piece) {
  received_bytes_ += piece.size();
  continued_ = true;
  if (discarding_) {
    discarded_bytes_ += piece.size();
    if (discarded_bytes_ > limits_.discard_bytes) stop_input({rt::Code::kTooLarge, "nobody wants this body"});
  } else if (piece.size() >= rt::kPinMinBytes) {
    push_gathered();
    exchange_.body.push(std::move(piece));
  } else {
    gathered_.append(piece.text());
    if (gathered_.size() >= kGatherBytes) push_gathered();
  }
}

void Session::push_gathered() {
  if (gathered_.empty()) return;
  exchange_.body.push(rt::Slice::copy_of(gathered_));
  gathered_.clear();
}

void Session::end_request() {
  push_gathered();
  input_ = Input::kHeld;
  exchange_.body.end();
  main_.set();
}

// In a body the handler answers, because it is in the middle of its work; before, the session does.
void Session::refuse(Refusal why) {
  if (input_ == Input::kHead) refusal_ = why;
  stop_input({rt::Code::kInvalid, std::string(why.reason)});
}

void Session::stop_input(rt::Error error) {
  if (input_ == Input::kBody) {
    push_gathered();
    exchange_.body.fail(std::move(error));
  }
  input_ = Input::kDead;
  inbox_.clear();
  main_.set();
}

void Session::consumed(std::size_t) {
  if (input_ == Input::kBody) room_.set();
}

void Session::wanted() {
  if (input_ != Input::kBody || !framing_.expects_continue || continued_) return;
  inform(100, {});
  last_input_ms_ = now_ms();
}

}  // namespace millrace::h1
