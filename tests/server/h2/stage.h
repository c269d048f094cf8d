// A stage for HTTP/2 stories: a session with a scripted service at one end of a loopback, a client made of nghttp2's
// client side at the other. Every wait of the client has a deadline, so a story that goes wrong ends.
#pragma once

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/h2/session.h"
#include "tests/server/net/loopback.h"

namespace millrace::h2 {

using namespace std::chrono_literals;
using Headers = std::vector<std::pair<std::string, std::string>>;

// What the service did, and a gate its handlers may wait at.
class Script final : public http::Service {
 public:
  using Handler = rt::Task<http::Response> (*)(Script&, http::Exchange&);

  rt::Task<http::Response> answer(http::Exchange& exchange) override {
    ++answers;
    co_return co_await handler(*this, exchange);
  }
  void finished(const http::Exchange& exchange, const http::Outcome& outcome) override {
    outcomes.push_back({exchange.request.target, outcome.status, outcome.sent_bytes, outcome.received_bytes,
                        std::string(outcome.error)});
  }

  struct Finished {
    std::string target;
    int status;
    std::uint64_t sent_bytes;
    std::uint64_t received_bytes;
    std::string error;
  };
  static rt::Task<http::Response> say_ok(Script&, http::Exchange&) {
    co_return http::Response::text(200, "text/plain", "ok");
  }
  // Reads the whole body, keeps it, answers with its length.
  static rt::Task<http::Response> count_body(Script& script, http::Exchange& exchange) {
    std::string text;
    for (;;) {
      auto slice = co_await exchange.body.next();
      if (!slice) {
        script.errors.push_back(slice.error().code);
        co_return http::Response::text(408, "text/plain", "no body");
      }
      if (slice->empty()) break;
      text += slice->text();
    }
    script.bodies.push_back(text);
    co_return http::Response::text(200, "text/plain", std::to_string(text.size()));
  }

  // For handlers of which several wait.
  rt::Task<void> wait_until_open() {
    while (!open) co_await rt::sleep(1ms);
  }

  bool open = false;
  Handler handler = &say_ok;
  int answers = 0;
  std::vector<Finished> outcomes;
  std::vector<std::string> bodies;
  std::vector<rt::Code> errors;
  std::string seen;
  rt::Event gate;
};

class Client {
 public:
  struct Reply {
    int status = 0;
    std::vector<int> informed;
    std::map<std::string, std::string> fields;
    std::string body;
    bool ended = false;
    bool closed = false;
    std::uint32_t error_code = 0;
    // What is sent.
    std::string upload;
    std::size_t uploaded = 0;
    bool upload_ends = true;
    Headers trailers;
  };

  explicit Client(net::Transport& transport, bool keep_credit = false) : transport_(transport) {
    nghttp2_session_callbacks* table = nullptr;
    nghttp2_session_callbacks_new(&table);
    nghttp2_session_callbacks_set_on_header_callback(table, &Client::on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(table, &Client::on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, &Client::on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(table, &Client::on_close);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    if (keep_credit) nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_session_client_new2(&session_, table, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(table);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~Client() { nghttp2_session_del(session_); }

  nghttp2_session* raw() { return session_; }

  std::int32_t request(const std::string& method, const std::string& path, const Headers& more = {}) {
    return submit(method, path, more, nullptr);
  }
  // `ends` false: the body goes on with add_upload() until end_upload().
  std::int32_t upload(const std::string& path, std::string body, bool ends = true, const Headers& more = {}) {
    nghttp2_data_provider provider = {{.ptr = nullptr}, &Client::read_upload};
    const std::int32_t id = submit("PUT", path, more, &provider);
    replies[id].upload = std::move(body);
    replies[id].upload_ends = ends;
    return id;
  }
  void end_upload(std::int32_t id, const Headers& trailers = {}) {
    replies[id].upload_ends = true;
    replies[id].trailers = trailers;
    nghttp2_session_resume_data(session_, id);
  }

  // Sends what is ready. Awaited by one at a time.
  rt::Task<void> flush() {
    std::string out = std::exchange(raw_, {});
    for (;;) {
      const std::uint8_t* data = nullptr;
      const ssize_t bytes = nghttp2_session_mem_send(session_, &data);
      if (bytes <= 0) break;
      out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(bytes));
    }
    if (out.empty()) co_return;
    rt::Slices slices;
    slices.push_back(rt::Slice::copy_of(out));
    rt::Status ignored = co_await transport_.write(std::move(slices));
    (void)ignored;
  }
  // Bytes sent as they are with the next flush.
  void raw(std::string bytes) { raw_ += std::move(bytes); }

  // Flushes and reads until `done`, the end of the connection, or silence for `limit`.
  rt::Task<bool> until(std::function<bool()> done, std::chrono::milliseconds limit = 5000ms) {
    while (!done() && !ended) {
      co_await flush();
      if (done()) break;
      auto slice = co_await transport_.read(limit);
      if (!slice && slice.error().code == rt::Code::kTimeout) co_return done();
      if (!slice || slice->empty()) {
        ended = true;
        break;
      }
      const ssize_t taken =
          nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(slice->data()), slice->size());
      if (taken < 0) ended = true;
    }
    co_await flush();
    co_return done();
  }
  rt::Task<bool> until_closed(std::int32_t id, std::chrono::milliseconds limit = 5000ms) {
    co_return co_await until([this, id] { return replies[id].closed; }, limit);
  }

  std::map<std::int32_t, Reply> replies;
  bool ended = false;
  int goaways = 0;
  std::uint32_t goaway_code = 0;
  std::int32_t goaway_last_id = 0;
  std::map<std::int32_t, std::uint64_t> window_updates;  // increments, by stream

 private:
  std::int32_t submit(const std::string& method, const std::string& path, const Headers& more,
                      nghttp2_data_provider* provider) {
    Headers all = {{":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "localhost"}};
    all.insert(all.end(), more.begin(), more.end());
    const auto list = list_of(all);
    return nghttp2_submit_request(session_, nullptr, list.data(), list.size(), provider, nullptr);
  }
  static std::vector<nghttp2_nv> list_of(const Headers& headers) {
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : headers) {
      list.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), 0});
    }
    return list;
  }

  static ssize_t read_upload(nghttp2_session* session, std::int32_t id, std::uint8_t* out, std::size_t room,
                             std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Reply& reply = static_cast<Client*>(user)->replies[id];
    const std::size_t bytes = std::min(room, reply.upload.size() - reply.uploaded);
    std::memcpy(out, reply.upload.data() + reply.uploaded, bytes);
    reply.uploaded += bytes;
    if (reply.uploaded == reply.upload.size()) {
      if (!reply.upload_ends && bytes == 0) return NGHTTP2_ERR_DEFERRED;
      if (reply.upload_ends) *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (reply.upload_ends && !reply.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto list = list_of(reply.trailers);
        nghttp2_submit_trailer(session, id, list.data(), list.size());
      }
    }
    return static_cast<ssize_t>(bytes);
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_bytes,
                       const std::uint8_t* value, std::size_t value_bytes, std::uint8_t, void* user) {
    Reply& reply = static_cast<Client*>(user)->replies[frame->hd.stream_id];
    const std::string key(reinterpret_cast<const char*>(name), name_bytes);
    const std::string text(reinterpret_cast<const char*>(value), value_bytes);
    if (key == ":status" && text < "200") {
      reply.informed.push_back(std::stoi(text));
    } else if (key == ":status") {
      reply.status = std::stoi(text);
    } else {
      reply.fields[key] = text;
    }
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Client& client = *static_cast<Client*>(user);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      ++client.goaways;
      client.goaway_code = frame->goaway.error_code;
      client.goaway_last_id = frame->goaway.last_stream_id;
    }
    if (frame->hd.type == NGHTTP2_WINDOW_UPDATE) {
      client.window_updates[frame->hd.stream_id] +=
          static_cast<std::uint64_t>(frame->window_update.window_size_increment);
    }
    const bool message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (message && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) client.replies[frame->hd.stream_id].ended = true;
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t bytes,
                     void* user) {
    static_cast<Client*>(user)->replies[id].body.append(reinterpret_cast<const char*>(data), bytes);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t error_code, void* user) {
    Reply& reply = static_cast<Client*>(user)->replies[id];
    reply.closed = true;
    reply.error_code = error_code;
    return 0;
  }

  net::Transport& transport_;
  nghttp2_session* session_ = nullptr;
  std::string raw_;
};

// Everything a story needs, alive for its length.
struct Stage {
  using Story = rt::Task<void> (*)(Stage&);

  Limits limits;
  net::Faults faults;
  bool keep_credit = false;  // the client never opens windows again
  rt::Budget budget{std::size_t{64} << 20};
  Stats stats;
  Script script;
  Client* client = nullptr;
  Session* session = nullptr;
  net::Transport* near = nullptr;
  bool session_over = false;

  void play(Story story) {
    rt::run_until_done(run(*this, story));
    EXPECT_EQ(budget.used_bytes(), 0u) << "a buffer was not given back";
  }

 private:
  static rt::Task<void> serve(Stage& stage, Session& session_to_run) {
    co_await session_to_run.run({});
    stage.session_over = true;
  }
  static rt::Task<void> run(Stage& stage, Story story) {
    auto [near_end, far_end] = net::loopback(stage.faults);
    Context context(stage.script, stage.limits, stage.budget, stage.stats);
    rt::Scope scope;
    {
      Session session_on_stage(*far_end, context);
      Client client_on_stage(*near_end, stage.keep_credit);
      stage.client = &client_on_stage;
      stage.session = &session_on_stage;
      stage.near = near_end.get();
      scope.spawn(serve(stage, session_on_stage));
      co_await story(stage);
      near_end->close();
      stage.script.gate.set();
      stage.script.open = true;
      co_await scope.join();
      EXPECT_EQ(context.granted_bytes, 0) << "a window's share was not given back";
      EXPECT_EQ(stage.script.answers <= static_cast<int>(stage.script.outcomes.size()), true);
    }
  }
};

}  // namespace millrace::h2
