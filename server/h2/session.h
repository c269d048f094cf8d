// Session: HTTP/2 (RFC 9113) on one Transport, by nghttp2. A reader coroutine feeds it slices, a writer coroutine
// gathers what it wants to send once per turn of the loop; nghttp2's callbacks (callbacks.cc) only change state, push
// and wake, and never call back into its send or receive. Request bodies are slices of the receive block. Connection
// credit is given on arrival, stream credit when the handler asks for more.
//
// Owned by the connection; runs on its loop; outlives every exchange it began.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "server/h2/bucket.h"
#include "server/h2/context.h"
#include "server/h2/detached.h"
#include "server/h2/skipped_streams.h"
#include "server/h2/stream.h"
#include "server/net/session.h"
#include "server/rt/event.h"
#include "server/rt/timer.h"

struct nghttp2_session;

namespace millrace::h2 {

class Session final : public net::Session, private rt::FlushHook {
 public:
  Session(net::Transport& transport, Context& context);
  ~Session();

  rt::Task<void> run(rt::Slice first) override;
  void drain() override;

 private:
  friend class Stream;
  friend struct Callbacks;

  // session.cc: the connection.
  void start();
  void receive(const rt::Slice& slice);
  rt::Task<void> write_loop();
  bool gather();
  void wake_writer();
  void flush() override;
  void ask_flush();
  bool over() const;
  void end_writing();
  rt::Task<void> finish();
  void abandon_streams(std::string_view reason);
  void terminate(std::uint32_t error_code);
  void flooded();

  // exchange.cc: requests and responses.
  Stream& open_stream(std::int32_t stream_id);
  void request_complete(Stream& stream);
  void start_complete();
  Detached serve(Stream& stream);
  rt::Task<void> pump(Stream& stream, http::Source& source);
  void respond(Stream& stream);
  void inform(Stream& stream, int status, const http::Fields& fields);
  void resume(Stream& stream);
  void reset(Stream& stream, std::uint32_t error_code, std::string_view reason);
  void close_stream(Stream& stream, std::string_view reason);
  void settle(Stream& stream);
  void settle_closed();
  void continue_expected();

  // pace.cc: windows and deadlines.
  void open_window(Stream& stream);
  void body_arrived(Stream& stream, std::size_t bytes);
  void credit_arrivals();
  void credit(Stream& stream, std::size_t bytes);
  void release_window(Stream& stream);
  void widen(Stream& stream, std::int64_t window_bytes);
  void drop(Stream& stream, std::size_t bytes);
  void settings_acknowledged();
  std::chrono::milliseconds read_limit() const;
  void check_deadlines();
  void check_request(Stream& stream, std::int64_t now_ms);
  void check_response(Stream& stream, std::int64_t now_ms);
  void quiet();

  net::Transport& transport_;
  Context& context_;
  SessionMemory memory_;
  nghttp2_session* nghttp2_ = nullptr;
  Batch batch_;
  std::coroutine_handle<> idle_writer_;  // waits for something to send
  rt::Scope writing_;
  std::size_t answering_ = 0;  // exchanges whose handler runs
  rt::Event none_answering_;
  std::vector<std::unique_ptr<Stream>> live_;  // every stream that is not settled
  std::vector<Stream*> complete_;              // requests whose handler is to be started
  std::vector<Stream*> closed_;                // closed in a callback, to be settled after it
  std::vector<Stream*> expecting_;             // wait for 100 Continue
  const rt::Slice* receiving_ = nullptr;
  std::size_t arrived_bytes_ = 0;  // body bytes of this read
  std::size_t copied_bytes_ = 0;

  std::int64_t settings_sent_us_ = 0;
  std::int64_t rtt_us_ = 0;
  std::int32_t learned_window_bytes_ = 0;
  std::int64_t active_ms_ = 0;  // when the last stream ended or the peer last sent something
  std::int64_t next_check_ms_ = 0;
  SkippedStreams skipped_streams_;
  Bucket resets_;
  Bucket provoked_resets_;
  Bucket control_frames_;

  bool started_ = false;
  bool broken_ = false;       // the transport failed, or nghttp2 did
  bool terminating_ = false;  // GOAWAY with an error is on its way
  bool draining_ = false;
  bool noticed_ = false;  // between the two GOAWAYs of a drain
  bool writer_ends_ = false;
  bool shut_ = false;
  std::unique_ptr<rt::Timer> drain_timer_;
  std::unique_ptr<rt::Timer> linger_timer_;
};

}  // namespace millrace::h2
