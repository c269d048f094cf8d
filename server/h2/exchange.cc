// The part of Session that turns requests into exchanges and responses into frames.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>

#include "server/h2/session.h"
#include "server/http/date.h"
#include "server/http/request_id.h"
#include "server/rt/bus_guard.h"
#include "server/rt/text.h"

namespace millrace::h2 {
namespace {

// A body that ends within this is copied into its frame: cheaper than two more pieces for the kernel to gather.
constexpr std::size_t kInlineBytes = 1024;
// Requests whose stream the peer has reset still run; so many times streams_max of both may exist.
constexpr std::size_t kRunningPerStreamMax = 2;

constexpr int kStatusMin = 100;
constexpr int kStatusMax = 599;
constexpr auto kStatusTexts = [] {
  std::array<char, (kStatusMax - kStatusMin + 1) * 3> digits = {};
  for (int status = kStatusMin; status <= kStatusMax; ++status) {
    char* at = digits.data() + (status - kStatusMin) * 3;
    at[0] = static_cast<char>('0' + status / 100);
    at[1] = static_cast<char>('0' + status / 10 % 10);
    at[2] = static_cast<char>('0' + status % 10);
  }
  return digits;
}();

std::string_view status_text(int status) {
  return {kStatusTexts.data() + (std::clamp(status, kStatusMin, kStatusMax) - kStatusMin) * 3, 3};
}

// Header fields of one message as nghttp2 takes them. The texts must stay until the frame is made, unless `copied`.
class HeaderList {
 public:
  explicit HeaderList(bool copied) : flags_(copied ? 0 : NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE) {
    list().clear();
  }
  void add(std::string_view name, std::string_view value, std::uint8_t more_flags = 0) {
    const auto bytes = [](std::string_view text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    list().push_back(
        {bytes(name), bytes(value), name.size(), value.size(), static_cast<std::uint8_t>(flags_ | more_flags)});
  }
  void add(const http::Fields& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!connection_specific(fields[i].name)) add(fields[i].name, fields[i].value);
    }
  }
  const nghttp2_nv* data() const { return list().data(); }
  std::size_t size() const { return list().size(); }

 private:
  static std::vector<nghttp2_nv>& list() {
    thread_local std::vector<nghttp2_nv> reused;
    return reused;
  }
  // RFC 9113 §8.2.2.
  static bool connection_specific(std::string_view name) {
    return name == "connection" || name == "transfer-encoding" || name == "keep-alive" || name == "upgrade" ||
           name == "proxy-connection";
  }
  std::uint8_t flags_;
};

ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* frame, std::size_t room, std::uint32_t* flags,
                  nghttp2_data_source* source, void*) {
  auto& stream = *static_cast<Stream*>(source->ptr);
  const std::size_t bytes = std::min(room, stream.outgoing.bytes());
  const bool last = stream.outgoing_ended && bytes == stream.outgoing.bytes();
  if (bytes == 0 && !last) return NGHTTP2_ERR_DEFERRED;
  if (last) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (bytes > kInlineBytes) {
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return static_cast<ssize_t>(bytes);
  }
  bool whole = true;
  stream.outgoing.take(bytes, [&](const rt::Slice& piece) {
    whole = whole && rt::try_copy(frame, piece.data(), piece.size());
    frame += piece.size();
  });
  if (!whole) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets the stream
  stream.sent_bytes += bytes;
  if (!last) stream.room.set();
  return static_cast<ssize_t>(bytes);
}

bool has_body(const Stream& stream) {
  const int status = stream.response.status;
  return stream.request.method != http::Method::kHead && status >= 200 && status != 204 && status != 304;
}

// Moves a body that is at hand into the queue. A Source is pumped later.
void queue_body(Stream& stream) {
  auto& body = stream.response.body;
  stream.outgoing_ended = !std::holds_alternative<std::unique_ptr<http::Source>>(body);
  if (auto* text = std::get_if<std::string>(&body)) {
    // Stays in the Response, which lives as long as the stream does, unless it may be written after that.
    if (text->size() <= kInlineBytes) {
      stream.outgoing.push(rt::Slice::of_static(*text));
    } else {
      stream.outgoing.push(rt::Slice::copy_of(*text));
    }
  } else if (auto* slice = std::get_if<rt::Slice>(&body)) {
    stream.outgoing.push(std::move(*slice));
  }
}

std::optional<std::uint64_t> response_length(const http::Response& response) {
  if (response.content_length) return response.content_length;
  if (auto* text = std::get_if<std::string>(&response.body)) return text->size();
  if (auto* slice = std::get_if<rt::Slice>(&response.body)) return slice->size();
  if (std::holds_alternative<std::monostate>(response.body)) return 0;
  return std::nullopt;
}

std::optional<std::uint64_t> request_length(const Stream& stream) {
  if (stream.body.ended()) return 0;
  const auto text = stream.request.fields.get("content-length");
  return text ? rt::whole_number<std::uint64_t>(*text) : std::nullopt;
}

// What nghttp2 lets pass and we do not. 0: nothing wrong.
int complaint_status(const Stream& stream) {
  const http::Request& request = stream.request;
  if (stream.too_large) return 431;
  if (request.method_text == "CONNECT") return 501;
  const bool asterisk = request.target == "*" && request.method == http::Method::kOptions;
  if (!asterisk && !request.target.starts_with('/')) return 400;
  const auto control = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  if (std::ranges::any_of(request.target, control) || std::ranges::any_of(request.authority, control)) return 400;
  if (request.authority.find('@') != std::string::npos || request.fields.count("host") > 1) return 400;
  const auto host = request.fields.get("host");
  return host && *host != request.authority ? 400 : 0;
}

std::int64_t monotonic_us() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

}  // namespace

Stream& Session::open_stream(std::int32_t stream_id) {
  std::unique_ptr<Stream> stream = context_.take_stream();
  stream->begin(*this, stream_id, rt::Loop::current().now_ms());
  stream->window_bytes = context_.limits.stream_window_bytes;
  stream->live_index = live_.size();
  live_.push_back(std::move(stream));
  return *live_.back();
}

// The request's head has arrived; its body may follow.
void Session::request_complete(Stream& stream) {
  http::Request& request = stream.request;
  stream.headers_complete = true;
  stream.header_fields = 0;
  stream.started_us = monotonic_us();
  http::make_request_id(stream.id);
  request.peer.address = transport_.peer_address();
  request.peer.tls = transport_.encrypted();
  request.peer.protocol = http::Protocol::kHttp2;
  if (request.authority.empty()) request.authority = request.fields.get("host").value_or("");
  stream.body.open(&stream, request_length(stream));

  if (const int status = complaint_status(stream); status != 0) {
    stream.response = http::Response::empty(status);
    stream.too_large = false;
    return respond(stream);
  }
  if (answering_ >= context_.limits.streams_max * kRunningPerStreamMax) {
    return reset(stream, NGHTTP2_REFUSED_STREAM, "too many requests run already");
  }
  if (!stream.body.ended() && request.fields.get("expect") == "100-continue") {
    stream.expects_continue = true;
    expecting_.push_back(&stream);
  }
  open_window(stream);
  stream.answering = true;
  ++answering_;
  complete_.push_back(&stream);
}

// Outside of nghttp2's callbacks. Handlers start at once, not in the loop's next round: the requests of one connection
// are answered and written while they are in the cache, before those of the next are read.
void Session::start_complete() {
  for (std::size_t i = 0; i < complete_.size(); ++i) serve(*complete_[i]);
  complete_.clear();
}

Detached Session::serve(Stream& stream) {
  // A request that was reset before its turn came costs no work.
  if (!stream.gone) stream.response = co_await context_.service.answer(stream);
  if (!stream.gone) {
    respond(stream);
    auto* source = std::get_if<std::unique_ptr<http::Source>>(&stream.response.body);
    if (source && has_body(stream)) co_await pump(stream, **source);
  }
  stream.answering = false;
  settle(stream);
  if (--answering_ == 0) none_answering_.set();
}

void Session::respond(Stream& stream) {
  const http::Response& response = stream.response;
  stream.responded = true;
  stream.sent_ms = rt::Loop::current().now_ms();
  if (!stream.body.ended()) drop(stream, stream.body.discard());
  HeaderList head(false);
  head.add(":status", status_text(response.status));
  head.add("date", http::current_http_date(rt::Loop::current().unix_seconds()));
  head.add(response.fields);
  char digits[24];
  const auto length = response_length(response);
  if (length && response.status >= 200 && response.status != 204 && response.fields.count("content-length") == 0) {
    stream.length_text.assign(digits, std::to_chars(digits, std::end(digits), *length).ptr);
    head.add("content-length", stream.length_text);
  }
  // Never indexed: it would push useful fields out of the peer's table.
  if (!stream.id.empty()) head.add("x-request-id", stream.id, NGHTTP2_NV_FLAG_NO_INDEX);

  nghttp2_data_provider body = {{.ptr = &stream}, &read_body};
  const bool with_body = has_body(stream);
  if (with_body) queue_body(stream);
  const bool empty = !with_body || (stream.outgoing_ended && stream.outgoing.bytes() == 0);
  nghttp2_submit_response(nghttp2_, stream.stream_id, head.data(), head.size(), empty ? nullptr : &body);
  ask_flush();
}

// Asks the source for more whenever little is queued, so that the peer's pace is the source's.
rt::Task<void> Session::pump(Stream& stream, http::Source& source) {
  const std::uint64_t announced = stream.response.content_length.value_or(0);
  const bool exact = stream.response.content_length.has_value();
  std::uint64_t produced = 0;
  while (!stream.gone && !stream.outgoing_ended) {
    if (stream.outgoing.bytes() >= context_.limits.source_bytes) {
      co_await stream.room.wait();
      continue;
    }
    auto slices = co_await source.next(context_.limits.source_bytes);
    if (stream.gone) co_return;
    if (!slices) co_return reset(stream, NGHTTP2_INTERNAL_ERROR, "the response could not be read");
    produced += rt::total_bytes(*slices);
    stream.outgoing_ended = slices->empty() || (exact && produced == announced);
    if (exact && (produced > announced || (stream.outgoing_ended && produced != announced))) {
      co_return reset(stream, NGHTTP2_INTERNAL_ERROR, "the response has another length than was announced");
    }
    for (rt::Slice& slice : *slices) stream.outgoing.push(std::move(slice));
    resume(stream);
  }
}

void Session::resume(Stream& stream) {
  nghttp2_session_resume_data(nghttp2_, stream.stream_id);
  ask_flush();
}

void Session::inform(Stream& stream, int status, const http::Fields& fields) {
  HeaderList head(true);
  head.add(":status", status_text(status));
  head.add(fields);
  nghttp2_submit_headers(nghttp2_, NGHTTP2_FLAG_NONE, stream.stream_id, nullptr, head.data(), head.size(), nullptr);
  stream.expects_continue = false;
  ask_flush();
}

// 100 Continue leaves once the handler asks for a body that has not come; one that refuses at once never sends it.
void Session::continue_expected() {
  std::erase_if(expecting_, [this](Stream* stream) {
    if (!stream->expects_continue || stream->responded || stream->received_bytes > 0) return true;
    if (!stream->body.wanted()) return false;
    inform(*stream, 100, {});
    return true;
  });
}

void Session::reset(Stream& stream, std::uint32_t error_code, std::string_view reason) {
  if (stream.gone) return;
  stream.error = reason;
  nghttp2_submit_rst_stream(nghttp2_, NGHTTP2_FLAG_NONE, stream.stream_id, error_code);
  ask_flush();
}

// Nothing more may be asked of the protocol for this stream; who waits for it wakes up.
void Session::close_stream(Stream& stream, std::string_view reason) {
  if (std::exchange(stream.gone, true)) return;
  stream.peer_left = true;
  release_window(stream);
  if (stream.error.empty() && !stream.response_sent) stream.error = reason.empty() ? "the stream was closed" : reason;
  if (!stream.body.ended()) stream.body.fail({rt::Code::kClosed, "the peer gave the request up"});
  if (std::exchange(stream.expects_continue, false)) std::erase(expecting_, &stream);
  stream.room.set();
}

void Session::settle_closed() {
  for (std::size_t i = 0; i < closed_.size(); ++i) settle(*closed_[i]);
  closed_.clear();
}

// The end of a stream that is closed in the protocol and that no coroutine uses any more.
void Session::settle(Stream& stream) {
  if (!stream.gone || stream.answering) return;
  if (stream.headers_complete) {
    const int status = stream.responded ? stream.response.status : 499;
    context_.service.finished(stream, {status, stream.sent_bytes, stream.received_bytes, stream.error});
  }
  std::swap(live_[stream.live_index], live_.back());
  live_[stream.live_index]->live_index = stream.live_index;
  std::unique_ptr<Stream> done = std::move(live_.back());
  live_.pop_back();
  active_ms_ = rt::Loop::current().now_ms();
  done->forget();
  context_.give_back(std::move(done));
}

}  // namespace millrace::h2
