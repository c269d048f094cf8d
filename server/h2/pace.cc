// The part of Session that keeps the pace: flow-control windows and how they grow, deadlines of slow and idle peers.
#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "server/h2/session.h"

namespace millrace::h2 {
namespace {

// Below this a round trip is scheduling, not distance.
constexpr std::int64_t kRttFloorUs = 2'000;
constexpr std::chrono::milliseconds kCheckMaxMs{1'000};
constexpr std::chrono::milliseconds kCheckMinMs{10};

std::int64_t now_us() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

}  // namespace

void Session::settings_acknowledged() {
  if (rtt_us_ == 0) rtt_us_ = std::max<std::int64_t>(now_us() - settings_sent_us_, 1);
}

void Session::body_arrived(Stream& stream, std::size_t bytes) {
  if (stream.received_bytes == 0) {
    stream.epoch_us = now_us();
    // What earlier streams of this connection found out.
    if (!stream.body.ended()) widen(stream, learned_window_bytes_);
  }
  stream.received_bytes += bytes;
}

// Connection credit is given on arrival: one unread stream must not starve the others.
void Session::credit_arrivals() {
  if (arrived_bytes_ > 0) nghttp2_session_consume_connection(nghttp2_, std::exchange(arrived_bytes_, 0));
  if (copied_bytes_ > 0) {
    context_.stats.copied_bytes.fetch_add(std::exchange(copied_bytes_, 0), std::memory_order_relaxed);
  }
}

// Stream credit is given on consumption. Half a window consumed within one round trip means that the window, not path
// or handler, sets the pace: double it.
void Session::credit(Stream& stream, std::size_t bytes) {
  nghttp2_session_consume_stream(nghttp2_, stream.stream_id, bytes);
  stream.epoch_bytes += static_cast<std::int64_t>(bytes);
  if (stream.epoch_bytes >= stream.window_bytes / 2) {
    const std::int64_t now = now_us();
    const bool fast = rtt_us_ > 0 && now - stream.epoch_us <= std::max(rtt_us_, kRttFloorUs);
    if (fast && !stream.body.ended()) widen(stream, stream.window_bytes * 2);
    stream.epoch_us = now;
    stream.epoch_bytes = 0;
  }
  if (nghttp2_session_want_write(nghttp2_) != 0) ask_flush();
}

// No window grows when memory is short.
void Session::widen(Stream& stream, std::int32_t wanted_bytes) {
  wanted_bytes = std::min(wanted_bytes, context_.limits.stream_window_bytes_max);
  if (wanted_bytes <= stream.window_bytes || context_.budget.under_pressure()) return;
  if (nghttp2_session_set_local_window_size(nghttp2_, NGHTTP2_FLAG_NONE, stream.stream_id, wanted_bytes) != 0) return;
  stream.window_bytes = wanted_bytes;
  learned_window_bytes_ = std::max(learned_window_bytes_, wanted_bytes);
  context_.stats.window_growths.fetch_add(1, std::memory_order_relaxed);
}

std::chrono::milliseconds Session::read_limit() const {
  const Limits& limits = context_.limits;
  if (terminating_) return limits.linger_ms;
  if (!live_.empty()) {
    const auto shortest = std::min({limits.body_idle_ms, limits.response_idle_ms, limits.idle_ms});
    return std::clamp(shortest / 4, kCheckMinMs, kCheckMaxMs);
  }
  const std::chrono::milliseconds idle(rt::Loop::current().now_ms() - active_ms_);
  if (!memory_.hibernates()) return std::min(limits.hibernate_ms, limits.idle_ms);
  return std::max(limits.idle_ms - idle, std::chrono::milliseconds(1));
}

// Nothing came for read_limit().
void Session::quiet() {
  if (!live_.empty()) return check_deadlines();
  const std::int64_t now_ms = rt::Loop::current().now_ms();
  if (now_ms - active_ms_ >= context_.limits.idle_ms.count()) {
    memory_.wake();
    return terminate(NGHTTP2_NO_ERROR);
  }
  if (!draining_ && nghttp2_session_want_write(nghttp2_) == 0) memory_.hibernate();
}

void Session::check_deadlines() {
  const Limits& limits = context_.limits;
  const std::int64_t now_ms = rt::Loop::current().now_ms();
  next_check_ms_ = now_ms + read_limit().count();
  for (auto& stream : live_) {
    if (stream->gone) continue;
    const bool slow = stream->received_bytes - stream->progress_bytes < limits.body_bytes_min;
    if (stream->body.ended() || !stream->body.wanted() || !slow) {
      stream->progress_bytes = stream->received_bytes;
      stream->progress_ms = now_ms;
    } else if (now_ms - stream->progress_ms >= limits.body_idle_ms.count()) {
      context_.stats.slow_bodies.fetch_add(1, std::memory_order_relaxed);
      stream->body.fail({rt::Code::kTimeout, "the request body came too slowly"});
    }
    const bool waits = stream->responded && !stream->response_sent && stream->outgoing.bytes() > 0;
    if (waits && now_ms - stream->sent_ms >= limits.response_idle_ms.count()) {
      context_.stats.slow_readers.fetch_add(1, std::memory_order_relaxed);
      reset(*stream, NGHTTP2_CANCEL, "the peer took nothing of the response");
    }
  }
}

}  // namespace millrace::h2
