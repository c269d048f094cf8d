// Session: an HTTP/1.1 connection (RFC 9112). A reader coroutine feeds the parser and the request's body, a writer
// sends what has gathered once a turn, and between them run() answers one request after the other, in the order they
// came. Pipelined requests wait in the input, not in exchanges: one Exchange is used again and again. Lives on the loop
// of its transport; never blocks, copies no body byte but crumbs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/h1/limits.h"
#include "server/h1/output.h"
#include "server/h1/parser.h"
#include "server/http/message.h"
#include "server/net/session.h"
#include "server/rt/event.h"

namespace millrace::h1 {

class Session final : public net::Session, private http::CreditLine, private rt::FlushHook {
 public:
  // All three outlive the session.
  Session(net::Transport& transport, http::Service& service, const Limits& limits);
  ~Session() override = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  rt::Task<void> run(rt::Slice first) override;
  void drain() override;

 private:
  class OneExchange final : public http::Exchange {
   public:
    explicit OneExchange(Session& session) : session_(session) {}
    void inform(int status, const http::Fields& fields) override { session_.inform(status, fields); }

   private:
    Session& session_;
  };
  enum class Input : std::uint8_t {
    kHead,  // between requests, or inside a head
    kBody,  // the body of the request in progress
    kHeld,  // that request is complete; what follows waits for its response
    kDead   // refused, timed out or gone: nothing more is parsed
  };

  // session_input.cc: bytes in.
  rt::Task<void> read_loop();
  bool wants_input() const noexcept;
  std::int64_t deadline_ms() const;
  std::chrono::milliseconds patience() const;
  bool on_quiet();
  void on_peer_ended();
  void pump();
  void consume(std::size_t bytes);
  void begin_request();
  void take_body(rt::Slice piece);
  void push_gathered();
  void end_request();
  void refuse(Refusal why);
  void stop_input(rt::Error error);
  void consumed(std::size_t bytes) override;
  void wanted() override;

  // session.cc: responses out.
  rt::Task<void> serve();
  rt::Task<void> serve_one();
  rt::Task<void> respond(http::Response& response, http::Outcome& outcome);
  rt::Task<void> stream(http::Source& source, std::optional<std::uint64_t> length, bool chunked,
                        http::Outcome& outcome);
  rt::Task<void> write_loop();
  rt::Task<void> room_in_output();
  rt::Task<void> flushed();
  rt::Task<void> linger();
  bool will_keep(const http::Response& response);
  void abort(http::Outcome& outcome, std::string_view why);
  void next_request();
  void send_refusal();
  void inform(int status, const http::Fields& fields);
  void wrote_something();
  void break_off(std::string_view why);
  void flush() override { output_ready_.set(); }

  net::Transport& transport_;
  http::Service& service_;
  const Limits& limits_;
  const http::Peer peer_;

  Parser parser_;
  OneExchange exchange_;
  Framing framing_;
  Input input_ = Input::kHead;
  std::vector<rt::Slice> inbox_;  // read, not yet parsed
  std::string gathered_;          // small body pieces of one turn
  std::uint64_t received_bytes_ = 0;
  std::uint64_t discarded_bytes_ = 0;
  Refusal refusal_;

  bool request_ready_ = false;  // a head is complete and not yet served
  bool final_begun_ = false;    // no 1xx from here on
  bool continued_ = false;      // 100 was sent, or is not needed any more
  bool discarding_ = false;     // nobody wants the rest of the body
  bool closing_ = false;        // the last response says so
  bool draining_ = false;
  bool peer_ended_ = false;
  bool lingering_ = false;
  bool reader_gone_ = false;
  bool broken_ = false;
  bool stop_ = false;
  std::string_view broken_why_;

  std::int64_t idle_since_ms_ = 0;
  std::int64_t head_since_ms_ = 0;
  std::int64_t last_input_ms_ = 0;

  Output output_;
  std::size_t writing_bytes_ = 0;
  rt::Event main_;          // wakes run()
  rt::Event room_;          // wakes the reader
  rt::Event output_ready_;  // wakes the writer
};

}  // namespace millrace::h1
