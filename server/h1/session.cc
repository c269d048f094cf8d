#include "server/h1/session.h"

#include <array>
#include <charconv>

#include "server/h1/head.h"
#include "server/http/date.h"
#include "server/rt/timer.h"

namespace millrace::h1 {
namespace {

// What a Source is asked for at a time.
constexpr std::size_t kSourceBytes = 256 * 1024;
// A larger response counts as finished only when the transport has taken it; smaller ones when they are queued, so that
// pipelined responses leave in one write.
constexpr std::size_t kQueuedMaxBytes = 64 * 1024;

void append_chunk_head(std::string& out, std::size_t bytes) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes, 16).ptr;
  out.append(digits.data(), end).append("\r\n");
}

std::string_view why_unsent(rt::Code code) {
  if (code == rt::Code::kTimeout) return "the peer takes nothing";
  if (code == rt::Code::kIo) return "the stored bytes cannot be read";
  return "the peer left";
}

bool has_no_body(int status) { return status == 204 || status == 304; }

// Bytes of the body as framed; for a response without one (`head_only`) what the handler says it would have.
std::optional<std::uint64_t> length_of(const http::Response& response, bool head_only) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return text->size();
  if (const auto* slice = std::get_if<rt::Slice>(&response.body)) return slice->size();
  if (!head_only && std::holds_alternative<std::monostate>(response.body)) return 0;
  return response.content_length;
}

}  // namespace

Session::Session(net::Transport& transport, http::Service& service, const Limits& limits)
    : transport_(transport),
      service_(service),
      limits_(limits),
      peer_{transport.peer_address(), transport.encrypted(), http::Protocol::kHttp1},
      parser_(limits_),
      exchange_(*this) {}

rt::Task<void> Session::run(rt::Slice first) {
  idle_since_ms_ = last_input_ms_ = rt::Loop::current().now_ms();
  if (!first.empty()) inbox_.push_back(std::move(first));
  rt::Scope scope;
  scope.spawn(read_loop());
  scope.spawn(write_loop());
  co_await serve();
  co_await flushed();
  if (closing_ || refusal_.status != 0) co_await linger();
  stop_ = true;
  transport_.close();
  room_.set();
  output_ready_.set();
  co_await scope.join();
}

void Session::drain() {
  draining_ = true;
  if (rt::Loop::on_a_loop()) main_.set();
}

// One request after the other until the connection has to end.
rt::Task<void> Session::serve() {
  for (;;) {
    pump();
    while (!request_ready_) {
      if (refusal_.status != 0) send_refusal();
      if (input_ == Input::kDead || peer_ended_ || (draining_ && !parser_.inside_head())) co_return;
      co_await main_.wait();
    }
    co_await serve_one();
    if (closing_ || broken_) co_return;
    next_request();
  }
}

rt::Task<void> Session::serve_one() {
  request_ready_ = false;
  http::Response response = co_await service_.answer(exchange_);
  http::Outcome outcome;
  outcome.status = response.status;
  co_await respond(response, outcome);
  if (broken_ && outcome.error.empty()) {
    outcome.status = 499;
    outcome.error = broken_why_;
  }
  outcome.received_bytes = received_bytes_;
  service_.finished(exchange_, outcome);
  while (!closing_ && !broken_ && input_ == Input::kBody) {
    room_.set();
    co_await main_.wait();
  }
  if (input_ == Input::kDead) closing_ = true;
}

rt::Task<void> Session::respond(http::Response& response, http::Outcome& outcome) {
  final_begun_ = true;
  if (broken_) co_return;
  const auto* source = std::get_if<std::unique_ptr<http::Source>>(&response.body);
  const bool bodiless = has_no_body(response.status);
  const bool head_only = bodiless || exchange_.request.method == http::Method::kHead;
  const auto length = bodiless ? response.content_length : length_of(response, head_only);
  const bool endless = source && !length && !head_only;
  closing_ = !will_keep(response) || (endless && !framing_.http11);
  discarding_ = !source;
  append_head(output_.text(), response.status, response.fields,
              {.date = http::current_http_date(rt::Loop::current().unix_seconds()),
               .request_id = exchange_.id,
               .content_length = response.status == 204 ? std::nullopt : length,
               .chunked = endless && framing_.http11,
               .close = closing_,
               .tell_keep_alive = !closing_ && !framing_.http11});
  wrote_something();
  if (source && !head_only) {
    co_await stream(**source, length, endless && framing_.http11, outcome);
  } else if (!head_only) {
    outcome.sent_bytes = length.value_or(0);
    if (auto* text = std::get_if<std::string>(&response.body)) output_.append(std::move(*text));
    if (auto* slice = std::get_if<rt::Slice>(&response.body)) output_.append(std::move(*slice));
  }
  if (source || outcome.sent_bytes > kQueuedMaxBytes) {
    co_await flushed();
  } else if (output_.bytes() > limits_.output_bytes) {
    co_await room_in_output();
  }
}

// Whether the connection can serve another request behind this response.
bool Session::will_keep(const http::Response& response) {
  if (!framing_.keep_alive || response.close || draining_ || input_ == Input::kDead) return false;
  if (input_ != Input::kBody) return true;
  // The body has not ended: a little is read and thrown away, for more the connection is too dear.
  if (std::holds_alternative<std::unique_ptr<http::Source>>(response.body)) return false;
  if (framing_.expects_continue && !continued_) return false;
  const auto left = parser_.body_left();
  return left && *left <= limits_.discard_bytes;
}

rt::Task<void> Session::stream(http::Source& source, std::optional<std::uint64_t> length, bool chunked,
                               http::Outcome& outcome) {
  while (!length || outcome.sent_bytes < *length) {
    co_await room_in_output();
    if (broken_) co_return;
    auto slices = co_await source.next(kSourceBytes);
    if (!slices) co_return abort(outcome, "the source failed");
    const std::size_t bytes = rt::total_bytes(*slices);
    if (bytes == 0) break;
    if (length && bytes > *length - outcome.sent_bytes) co_return abort(outcome, "the source gave too much");
    if (chunked) append_chunk_head(output_.text(), bytes);
    for (rt::Slice& slice : *slices) output_.append(std::move(slice));
    if (chunked) output_.text().append("\r\n");
    outcome.sent_bytes += bytes;
    wrote_something();
  }
  if (length && outcome.sent_bytes < *length) co_return abort(outcome, "the source gave too little");
  if (chunked) output_.text().append("0\r\n\r\n");
  wrote_something();
}

// The peer must not take what it has for the whole.
void Session::abort(http::Outcome& outcome, std::string_view why) {
  outcome.error = why;
  break_off(why);
}

void Session::next_request() {
  exchange_.body.clear();
  exchange_.request.fields.clear();
  exchange_.params.clear();
  exchange_.id.clear();
  exchange_.route.clear();
  exchange_.tenant.clear();
  exchange_.peer_left = peer_ended_;
  received_bytes_ = 0;
  discarded_bytes_ = 0;
  final_begun_ = continued_ = discarding_ = false;
  framing_ = {};
  input_ = Input::kHead;
  idle_since_ms_ = rt::Loop::current().now_ms();
  room_.set();
}

void Session::send_refusal() {
  if (refusal_.silent) return;
  http::Fields fields;
  fields.add("content-type", "text/plain; charset=utf-8");
  append_head(output_.text(), refusal_.status, fields,
              {.date = http::current_http_date(rt::Loop::current().unix_seconds()),
               .request_id = {},
               .content_length = refusal_.reason.size() + 1,
               .close = true});
  output_.text().append(refusal_.reason).append("\n");
}

void Session::inform(int status, const http::Fields& fields) {
  if (final_begun_ || broken_ || !framing_.http11) return;
  if (status == 100) continued_ = true;
  append_inform(output_.text(), status, fields);
  wrote_something();
}

void Session::wrote_something() { rt::Loop::current().ask_flush(*this); }

rt::Task<void> Session::write_loop() {
  for (;;) {
    while (output_.empty() && !stop_ && !broken_) co_await output_ready_.wait();
    if (broken_ || output_.empty()) co_return;
    writing_bytes_ = output_.bytes();
    rt::Slices slices = output_.take();
    rt::Status sent = co_await transport_.write(std::move(slices));
    writing_bytes_ = 0;
    if (!sent) co_return break_off(why_unsent(sent.error().code));
    main_.set();
  }
}

rt::Task<void> Session::room_in_output() {
  while (!broken_ && output_.bytes() + writing_bytes_ > limits_.output_bytes) {
    output_ready_.set();
    co_await main_.wait();
  }
}

rt::Task<void> Session::flushed() {
  while (!broken_ && output_.bytes() + writing_bytes_ > 0) {
    output_ready_.set();
    co_await main_.wait();
  }
}

// Ends our side and reads on for a while: closing with unread input would destroy the response on its way.
rt::Task<void> Session::linger() {
  if (broken_ || reader_gone_) co_return;
  transport_.shut();
  lingering_ = true;
  input_ = Input::kDead;
  inbox_.clear();
  room_.set();
  rt::Timer deadline([this] { transport_.close(); });
  deadline.set(limits_.linger_ms);
  while (!reader_gone_) co_await main_.wait();
}

void Session::break_off(std::string_view why) {
  if (broken_) return;
  broken_ = true;
  broken_why_ = why;
  exchange_.peer_left = true;
  stop_input({rt::Code::kClosed, "the peer went away"});
  transport_.close();
  room_.set();
  output_ready_.set();
}

}  // namespace millrace::h1
