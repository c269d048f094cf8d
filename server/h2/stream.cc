#include "server/h2/stream.h"

#include "server/h2/session.h"

namespace millrace::h2 {
namespace {

// A text that grew beyond this is not kept for the next exchange.
constexpr std::size_t kTextKeptBytes = 4096;

void forget_text(std::string& text) {
  if (text.capacity() > kTextKeptBytes) {
    text = std::string();
  } else {
    text.clear();
  }
}

void forget_fields(http::Fields& fields) {
  if (fields.bytes() > kTextKeptBytes) {
    fields = http::Fields();
  } else {
    fields.clear();
  }
}

}  // namespace

void Outgoing::push(rt::Slice slice) {
  if (slice.empty()) return;
  bytes_ += slice.size();
  slices_.push_back(std::move(slice));
}

void Outgoing::drop_front() noexcept {
  slices_[first_++] = {};
  if (first_ == slices_.size()) {
    slices_.clear();
    first_ = 0;
  }
}

void Outgoing::clear() noexcept {
  slices_.clear();
  first_ = 0;
  bytes_ = 0;
}

void Stream::inform(int status, const http::Fields& informed) {
  if (!gone && !responded) session->inform(*this, status, informed);
}

void Stream::consumed(std::size_t bytes) {
  if (!gone) session->credit(*this, bytes);
}

void Stream::begin(Session& owner, std::int32_t id_in_session, std::int64_t now_ms) {
  session = &owner;
  stream_id = id_in_session;
  progress_ms = now_ms;
  sent_ms = now_ms;
}

void Stream::forget() {
  request.method = http::Method::kGet;
  for (std::string* text : {&request.method_text, &request.target, &request.authority, &id, &route, &tenant}) {
    forget_text(*text);
  }
  forget_fields(request.fields);
  request.peer = {};
  body.clear();
  params.clear();
  started_us = 0;

  session = nullptr;
  headers_complete = answering = gone = responded = response_sent = false;
  expects_continue = too_large = peer_left = false;
  error = {};
  received_bytes = dropped_bytes = progress_bytes = sent_bytes = sent_progress_bytes = 0;
  header_fields = 0;
  window_bytes = 0;
  epoch_bytes = epoch_us = 0;
  response = {};
  outgoing.clear();
  outgoing_ended = false;
  room = {};
}

}  // namespace millrace::h2
