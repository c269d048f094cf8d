// The part of Session that keeps the pace: flow-control windows and how they grow, deadlines of slow and idle peers.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <limits>

#include "server/h2/session.h"

namespace millrace::h2 {
namespace {

// Of the byte budget, for what windows get beyond their first size.
constexpr std::size_t kGrantedShare = 4;
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

// A long body gets a larger window at once: on a long path the update reaches the peer together with our SETTINGS, so
// it costs no round trip, and short bodies never use it. What earlier streams found out counts as well.
void Session::open_window(Stream& stream) {
  if (stream.body.ended()) return;
  const std::uint64_t length = stream.body.length().value_or(std::numeric_limits<std::uint64_t>::max());
  const std::int64_t most = std::max(context_.limits.body_window_bytes, learned_window_bytes_);
  if (length > static_cast<std::uint64_t>(stream.window_bytes)) {
    widen(stream, static_cast<std::int64_t>(std::min(length, static_cast<std::uint64_t>(most))));
  }
}

void Session::body_arrived(Stream& stream, std::size_t bytes) {
  if (stream.received_bytes == 0) stream.epoch_us = now_us();
  stream.received_bytes += bytes;
}

// Connection credit is given on arrival: one unread stream must not starve the others.
void Session::credit_arrivals() {
  if (arrived_bytes_ > 0) nghttp2_session_consume_connection(nghttp2_, std::exchange(arrived_bytes_, 0));
  if (copied_bytes_ > 0) {
    context_.stats.copied_bytes.fetch_add(std::exchange(copied_bytes_, 0), std::memory_order_relaxed);
  }
}

// Stream credit is given on consumption. Half a window consumed within about one round trip means that the window, not
// path or handler, sets the pace. What was consumed tells how fast the path is, so the window goes to twice what the
// path holds, because its updates leave at half of it.
void Session::credit(Stream& stream, std::size_t bytes) {
  nghttp2_session_consume_stream(nghttp2_, stream.stream_id, bytes);
  stream.epoch_bytes += static_cast<std::int64_t>(bytes);
  if (stream.epoch_bytes >= stream.window_bytes / 2) {
    const std::int64_t now = now_us();
    const std::int64_t rtt_us = std::max(rtt_us_, kRttFloorUs);
    const std::int64_t took_us = std::max(now - stream.epoch_us, rtt_us / 8);
    if (rtt_us_ > 0 && took_us <= rtt_us * 3 / 2 && !stream.body.ended()) {
      const std::int64_t window_bytes = stream.window_bytes;
      const std::int64_t path_bytes = stream.epoch_bytes * rtt_us / took_us;
      widen(stream, std::clamp(4 * path_bytes, 2 * window_bytes, 8 * window_bytes));
      learned_window_bytes_ = std::max(learned_window_bytes_, stream.window_bytes);
    }
    stream.epoch_us = now;
    stream.epoch_bytes = 0;
  }
  if (nghttp2_session_want_write(nghttp2_) != 0) ask_flush();
}

// As far as memory allows.
void Session::widen(Stream& stream, std::int64_t window_bytes) {
  if (context_.budget.under_pressure()) return;
  const std::int64_t free_bytes =
      static_cast<std::int64_t>(context_.budget.limit_bytes() / kGrantedShare) - context_.granted_bytes;
  const std::int64_t most_bytes =
      std::min<std::int64_t>(context_.limits.stream_window_bytes_max, stream.window_bytes + free_bytes);
  const auto wanted_bytes = static_cast<std::int32_t>(std::min(window_bytes, most_bytes));
  if (wanted_bytes <= stream.window_bytes) return;
  if (nghttp2_session_set_local_window_size(nghttp2_, NGHTTP2_FLAG_NONE, stream.stream_id, wanted_bytes) != 0) return;
  context_.granted_bytes += wanted_bytes - stream.window_bytes;
  stream.window_bytes = wanted_bytes;
  context_.stats.window_growths.fetch_add(1, std::memory_order_relaxed);
}

// Nothing more will come on the stream, so others may have its share.
void Session::release_window(Stream& stream) {
  context_.granted_bytes -= stream.window_bytes - context_.limits.stream_window_bytes;
  stream.window_bytes = context_.limits.stream_window_bytes;
}

// What comes of a request after it was answered is not wanted. RFC 9113 §8.1 allows RST_STREAM(NO_ERROR) behind the
// answer, but clients take it for a failure (curl 7.88, httpx): they first get time to read the answer and stop, or to
// finish.
void Session::drop(Stream& stream, std::size_t bytes) {
  stream.dropped_bytes += bytes;
  if (stream.dropped_bytes > context_.limits.unwanted_body_bytes) return;
  nghttp2_session_consume_stream(nghttp2_, stream.stream_id, bytes);
  ask_flush();
}

std::chrono::milliseconds Session::read_limit() const {
  const Limits& limits = context_.limits;
  if (terminating_) return limits.linger_ms;
  if (!live_.empty()) {
    const auto shortest = std::min(
        {limits.head_ms, limits.body_idle_ms, limits.response_idle_ms, limits.idle_ms, limits.unwanted_body_ms});
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
  const std::int64_t now_ms = rt::Loop::current().now_ms();
  next_check_ms_ = now_ms + read_limit().count();
  for (auto& stream : live_) {
    if (stream->gone) continue;
    check_request(*stream, now_ms);
    check_response(*stream, now_ms);
  }
}

void Session::check_request(Stream& stream, std::int64_t now_ms) {
  const Limits& limits = context_.limits;
  if (!stream.headers_complete) {
    // A field block cannot be left out: the connection ends with it (RFC 9113 §4.3).
    if (now_ms - stream.progress_ms >= limits.head_ms.count()) terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  const bool slow = stream.received_bytes - stream.progress_bytes < limits.body_bytes_min;
  if (stream.body.ended() || !stream.body.wanted() || !slow) {
    stream.progress_bytes = stream.received_bytes;
    stream.progress_ms = now_ms;
  } else if (now_ms - stream.progress_ms >= limits.body_idle_ms.count()) {
    context_.stats.slow_bodies.fetch_add(1, std::memory_order_relaxed);
    stream.body.fail({rt::Code::kTimeout, "the request body came too slowly"});
  }
}

void Session::check_response(Stream& stream, std::int64_t now_ms) {
  const Limits& limits = context_.limits;
  if (stream.response_sent) {
    if (now_ms - stream.sent_ms >= limits.unwanted_body_ms.count()) reset(stream, NGHTTP2_NO_ERROR, {});
    return;
  }
  const bool waits = stream.responded && stream.outgoing.bytes() > 0;
  if (!waits || stream.sent_bytes - stream.sent_progress_bytes >= limits.response_bytes_min) {
    stream.sent_progress_bytes = stream.sent_bytes;
    stream.sent_ms = now_ms;
  } else if (now_ms - stream.sent_ms >= limits.response_idle_ms.count()) {
    context_.stats.slow_readers.fetch_add(1, std::memory_order_relaxed);
    reset(stream, NGHTTP2_CANCEL, "the peer took nearly nothing of the response");
  }
}

}  // namespace millrace::h2
