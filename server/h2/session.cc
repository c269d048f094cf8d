#include "server/h2/session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "server/h2/callbacks.h"

namespace millrace::h2 {
namespace {

// Between the two GOAWAYs of a drain: requests that were on their way when the first one left are still served.
constexpr std::chrono::milliseconds kDrainNoticeMs{100};

struct OptionFree {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};

std::unique_ptr<nghttp2_option, OptionFree> options_of(const Limits& limits) {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_outbound_ack(option, limits.outbound_acks_max);
  nghttp2_option_set_max_settings(option, limits.settings_max);
  nghttp2_option_set_max_continuations(option, limits.continuations_max);
  // Our own bucket ends the connection first, with a better reason.
  nghttp2_option_set_stream_reset_rate_limit(option, limits.resets_burst * 2, limits.resets_per_s * 2);
  return std::unique_ptr<nghttp2_option, OptionFree>(option);
}

nghttp2_mem memory_functions(SessionMemory& memory) {
  return {&memory, [](std::size_t bytes, void* user) { return static_cast<SessionMemory*>(user)->allocate(bytes); },
          [](void* old, void* user) { static_cast<SessionMemory*>(user)->free(old); },
          [](std::size_t count, std::size_t bytes, void* user) {
            return static_cast<SessionMemory*>(user)->allocate_zeroed(count, bytes);
          },
          [](void* old, std::size_t bytes, void* user) {
            return static_cast<SessionMemory*>(user)->reallocate(old, bytes);
          }};
}

std::int64_t now_us() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

}  // namespace

Session::Session(net::Transport& transport, Context& context)
    : transport_(transport),
      context_(context),
      memory_(context.slots, context.small_blocks),
      batch_(context.chunk, context.budget),
      active_ms_(rt::Loop::current().now_ms()),
      resets_(context.limits.resets_burst, context.limits.resets_per_s),
      provoked_resets_(context.limits.provoked_resets_burst, context.limits.provoked_resets_per_s),
      control_frames_(context.limits.control_frames_burst, context.limits.control_frames_per_s) {
  nghttp2_mem functions = memory_functions(memory_);
  nghttp2_session_server_new3(&nghttp2_, callbacks(), this, options_of(context.limits).get(), &functions);
}

Session::~Session() {
  memory_.wake();
  nghttp2_session_del(nghttp2_);
}

rt::Task<void> Session::run(rt::Slice first) {
  start();
  writing_.spawn(write_loop());
  if (!first.empty()) receive(first);
  first = {};
  while (!over()) {
    auto slice = co_await transport_.read(read_limit());
    if (slice && !slice->empty()) {
      receive(*slice);
    } else if (!slice && slice.error().code == rt::Code::kTimeout && !broken_) {
      quiet();
    } else {
      broken_ = true;  // the peer is gone: what it asked for has nobody to go to
    }
  }
  co_await finish();
}

void Session::start() {
  const Limits& limits = context_.limits;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(limits.stream_window_bytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.header_bytes_max)},
  };
  nghttp2_submit_settings(nghttp2_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(nghttp2_, NGHTTP2_FLAG_NONE, 0, limits.connection_window_bytes);
  settings_sent_us_ = now_us();
  started_ = true;
  ask_flush();
  if (draining_) {
    draining_ = false;
    drain();
  }
}

void Session::receive(const rt::Slice& slice) {
  memory_.wake();
  active_ms_ = rt::Loop::current().now_ms();
  if (terminating_) return;
  receiving_ = &slice;
  const ssize_t taken =
      nghttp2_session_mem_recv(nghttp2_, reinterpret_cast<const std::uint8_t*>(slice.data()), slice.size());
  receiving_ = nullptr;
  if (taken == NGHTTP2_ERR_FLOODED) {
    flooded();
  } else if (taken < 0) {
    terminate(taken == NGHTTP2_ERR_NOMEM ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_PROTOCOL_ERROR);
  }
  credit_arrivals();
  start_complete();
  settle_closed();
  if (active_ms_ >= next_check_ms_) check_deadlines();
  flush();
}

bool Session::over() const {
  if (broken_) return true;
  if (memory_.hibernates() || noticed_) return false;
  return nghttp2_session_want_read(nghttp2_) == 0;
}

void Session::ask_flush() {
  if (started_) rt::Loop::current().ask_flush(*this);
}

void Session::flush() {
  if (memory_.hibernates()) return;
  continue_expected();
  if (nghttp2_session_want_write(nghttp2_) != 0 || over()) wake_writer();
}

// Runs the writer until it waits again; what it can send at once is sent when this returns.
void Session::wake_writer() {
  if (idle_writer_) std::exchange(idle_writer_, {}).resume();
}

rt::Task<void> Session::write_loop() {
  struct Idle {
    std::coroutine_handle<>& writer;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { writer = waiter; }
    void await_resume() const noexcept {}
  };
  Idle idle{idle_writer_};
  while (!writer_ends_ || nghttp2_session_want_write(nghttp2_) != 0) {
    if (broken_) break;
    if (gather()) {
      rt::Status written = co_await transport_.write(batch_.take());
      broken_ = broken_ || !written;
      continue;
    }
    if (broken_ || writer_ends_) break;
    if (over()) end_writing();
    co_await idle;
  }
  // Half written frames cannot be taken back, so nothing may follow.
  writer_ends_ = true;
  if (broken_) transport_.close();  // wakes the reader
}

// Fills the batch with what the protocol wants to send now. False when that is nothing.
bool Session::gather() {
  batch_.begin();
  while (batch_.bytes() < context_.limits.batch_bytes) {
    const std::uint8_t* data = nullptr;
    const ssize_t bytes = nghttp2_session_mem_send(nghttp2_, &data);
    if (bytes <= 0) {
      if (bytes < 0) broken_ = true;
      break;
    }
    batch_.copy(std::as_bytes(std::span(data, static_cast<std::size_t>(bytes))));
  }
  settle_closed();
  return batch_.bytes() > 0;
}

// Our side has ended. The reader goes on for a while: closing with bytes unread would reset the connection and lose
// what we sent last.
void Session::end_writing() {
  if (std::exchange(shut_, true)) return;
  transport_.shut();
  linger_timer_ = std::make_unique<rt::Timer>([this] { transport_.close(); });
  linger_timer_->set(context_.limits.linger_ms);
}

rt::Task<void> Session::finish() {
  memory_.wake();
  if (broken_) transport_.close();
  writer_ends_ = true;
  wake_writer();
  co_await writing_.join();
  // Only now: until the writer has ended, the protocol may still ask streams for their bodies.
  abandon_streams(broken_ ? "the connection broke" : "the connection was ended");
  if (!broken_) {
    end_writing();
    for (;;) {
      auto slice = co_await transport_.read(context_.limits.linger_ms);
      if (!slice || slice->empty()) break;
    }
  }
  transport_.close();
  linger_timer_.reset();
  drain_timer_.reset();
  while (answering_ > 0) co_await none_answering_.wait();
}

void Session::abandon_streams(std::string_view reason) {
  settle_closed();
  for (std::size_t i = live_.size(); i-- > 0;) {
    Stream& stream = *live_[i];
    nghttp2_session_set_stream_user_data(nghttp2_, stream.stream_id, nullptr);
    close_stream(stream, reason);
    settle(stream);
  }
}

void Session::drain() {
  if (std::exchange(draining_, true) || !started_) return;
  memory_.wake();
  nghttp2_submit_shutdown_notice(nghttp2_);
  noticed_ = true;
  drain_timer_ = std::make_unique<rt::Timer>([this] {
    noticed_ = false;
    nghttp2_submit_goaway(nghttp2_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(nghttp2_),
                          NGHTTP2_NO_ERROR, nullptr, 0);
    ask_flush();
  });
  drain_timer_->set(kDrainNoticeMs);
  ask_flush();
}

void Session::terminate(std::uint32_t error_code) {
  if (std::exchange(terminating_, true)) return;
  nghttp2_session_terminate_session(nghttp2_, error_code);
  ask_flush();
}

void Session::flooded() {
  if (!terminating_) context_.stats.floods.fetch_add(1, std::memory_order_relaxed);
  terminate(NGHTTP2_ENHANCE_YOUR_CALM);
}

}  // namespace millrace::h2
