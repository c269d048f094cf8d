// HTTP/2 of the load client on nghttp2. Body bytes are made straight into the connection's output buffer
// (NO_COPY frames), so the client costs one copy and can outrun the server it measures.

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "bench/client/session.h"

namespace millrace::bench {
namespace {

constexpr int32_t kWindowBytes = (1 << 30) - 1;
constexpr size_t kFrameBytes = 16384;  // what browsers, curl and h2load send
constexpr size_t kFrameHeaderBytes = 9;

struct Stream {
  Exchange exchange;
  uint64_t read_bytes = 0;     // promised to nghttp2
  uint64_t written_bytes = 0;  // in the output buffer
  bool deferred = false;
};

nghttp2_nv field(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME};
}

class H2Session : public Session {
 public:
  explicit H2Session(Work& work);
  ~H2Session() override;

  void submit(Clock::time_point now) override;
  bool receive(std::span<const uint8_t> bytes, Clock::time_point now) override;
  void produce(std::vector<uint8_t>& out) override;
  size_t in_flight() const override { return streams_.size(); }
  bool settled() const override { return settled_; }

 private:
  static void set_callbacks(nghttp2_session_callbacks* callbacks);
  static ssize_t on_read(nghttp2_session*, int32_t id, uint8_t*, size_t length, uint32_t* flags,
                         nghttp2_data_source* source, void* user);
  static int on_send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t length,
                          nghttp2_data_source* source, void* user);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_length,
                       const uint8_t* value, size_t value_length, uint8_t, void* user);
  static int on_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t length, void* user);
  static int on_close(nghttp2_session*, int32_t id, uint32_t error, void* user);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user);

  void start(const Exchange& exchange);
  void resume_deferred();
  Stream* find(int32_t id);

  Work& work_;
  Turn turn_;
  Allowance allowance_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, Stream> streams_;
  std::vector<uint8_t>* out_ = nullptr;  // only within produce()
  Clock::time_point now_{};
  bool started_ = false;
  bool settled_ = false;
};

void H2Session::set_callbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
}

H2Session::H2Session(Work& work) : work_(work), turn_(work.options()), allowance_(work.options().rate_bytes) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  set_callbacks(callbacks);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const std::array<nghttp2_settings_entry, 2> settings{
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
}

H2Session::~H2Session() {
  for (size_t i = 0; i < streams_.size(); ++i) work_.fail();
  nghttp2_session_del(session_);
}

void H2Session::submit(Clock::time_point now) {
  now_ = now;
  if (!started_) allowance_.start(now);
  started_ = true;
  allowance_.refill(now);
  resume_deferred();
  while (streams_.size() < work_.options().streams && turn_.ready(now)) {
    const auto exchange = work_.take(now);
    if (!exchange) return;
    turn_.took();
    start(*exchange);
  }
}

void H2Session::start(const Exchange& exchange) {
  const Target& target = *exchange.target;
  const std::string length = std::to_string(exchange.upload_bytes);
  std::vector<nghttp2_nv> fields{field(":method", work_.options().method), field(":scheme", target.scheme),
                                 field(":authority", target.authority), field(":path", target.path),
                                 field("user-agent", "millrace-loadclient")};
  if (exchange.upload_bytes > 0) fields.push_back(field("content-length", length));
  for (const auto& header : work_.options().headers) fields.push_back(field(header.name, header.value));
  nghttp2_data_provider provider{{}, on_read};
  const int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                            exchange.upload_bytes > 0 ? &provider : nullptr, nullptr);
  if (id < 0) return work_.fail();
  streams_.emplace(id, Stream{.exchange = exchange});
}

void H2Session::resume_deferred() {
  if (work_.options().rate_bytes == 0) return;
  for (auto& [id, stream] : streams_) {
    if (std::exchange(stream.deferred, false)) nghttp2_session_resume_data(session_, id);
  }
}

bool H2Session::receive(std::span<const uint8_t> bytes, Clock::time_point now) {
  now_ = now;
  return nghttp2_session_mem_recv(session_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
}

void H2Session::produce(std::vector<uint8_t>& out) {
  out_ = &out;
  while (out.size() < kBatchBytes) {
    const uint8_t* data = nullptr;
    const ssize_t length = nghttp2_session_mem_send(session_, &data);
    if (length <= 0) break;
    out.insert(out.end(), data, data + length);
  }
  out_ = nullptr;
}

Stream* H2Session::find(int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

ssize_t H2Session::on_read(nghttp2_session*, int32_t id, uint8_t*, size_t length, uint32_t* flags, nghttp2_data_source*,
                           void* user) {
  auto& self = *static_cast<H2Session*>(user);
  Stream* stream = self.find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const uint64_t left = stream->exchange.upload_bytes - stream->read_bytes;
  const uint64_t wanted = std::min<uint64_t>({left, length, kFrameBytes});
  const uint64_t n = self.allowance_.take(wanted);
  if (n == 0) {
    stream->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (n == left) *flags |= NGHTTP2_DATA_FLAG_EOF;
  stream->read_bytes += n;
  return static_cast<ssize_t>(n);
}

int H2Session::on_send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t length,
                            nghttp2_data_source*, void* user) {
  auto& self = *static_cast<H2Session*>(user);
  auto& out = *self.out_;
  if (out.size() >= kBatchBytes) return NGHTTP2_ERR_WOULDBLOCK;
  Stream* stream = self.find(frame->hd.stream_id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  out.insert(out.end(), header, header + kFrameHeaderBytes);
  const size_t at = out.size();
  out.resize(at + length);
  self.work_.bodies().fill(self.work_.body_id(stream->exchange), stream->written_bytes, {out.data() + at, length});
  stream->written_bytes += length;
  return 0;
}

int H2Session::on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_length,
                         const uint8_t* value, size_t value_length, uint8_t, void* user) {
  Stream* stream = static_cast<H2Session*>(user)->find(frame->hd.stream_id);
  if (stream != nullptr && std::string_view(reinterpret_cast<const char*>(name), name_length) == ":status") {
    const auto* text = reinterpret_cast<const char*>(value);
    std::from_chars(text, text + value_length, stream->exchange.status);
  }
  return 0;
}

int H2Session::on_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t length, void* user) {
  auto& self = *static_cast<H2Session*>(user);
  if (Stream* stream = self.find(id)) self.work_.body_arrived(stream->exchange, {data, length});
  return 0;
}

int H2Session::on_close(nghttp2_session*, int32_t id, uint32_t error, void* user) {
  auto& self = *static_cast<H2Session*>(user);
  const auto found = self.streams_.find(id);
  if (found == self.streams_.end()) return 0;
  // A server may refuse the rest of a body with NO_ERROR once it has answered.
  const bool answered = error == NGHTTP2_NO_ERROR && found->second.exchange.status != 0;
  if (answered) {
    self.work_.finish(found->second.exchange, self.now_);
  } else {
    self.work_.fail();
  }
  self.streams_.erase(found);
  self.turn_.ended(self.now_);
  return 0;
}

int H2Session::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    static_cast<H2Session*>(user)->settled_ = true;
  }
  return 0;
}

}  // namespace

std::unique_ptr<Session> make_h2_session(Work& work) { return std::make_unique<H2Session>(work); }

}  // namespace millrace::bench
