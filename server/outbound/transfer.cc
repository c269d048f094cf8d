#include "server/outbound/transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "server/outbound/transfer_state.h"
#include "server/rt/text.h"

namespace millrace::outbound {
namespace {

using rt::Code;

// Unread bytes of one transfer at which its server has to wait; it goes on below half of them.
constexpr std::size_t kUnreadBytesMax = 512 * 1024;
constexpr std::chrono::milliseconds kBudgetLook{20};
// All header fields of all answers of one transfer.
constexpr std::size_t kHeadBytesMax = 256 * 1024;
// What may stand around the value of a field in libcurl's line.
constexpr std::string_view kBlanks = " \t\r\n";

// Empty when it is no Internet address, which no policy lets pass.
std::string text_of(const curl_sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = {};
  sockaddr_in v4 = {};
  sockaddr_in6 v6 = {};
  if (address.family == AF_INET && address.addrlen >= sizeof v4) {
    std::memcpy(&v4, &address.addr, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  } else if (address.family == AF_INET6 && address.addrlen >= sizeof v6) {
    std::memcpy(&v6, &address.addr, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  }
  return text;
}

// A few bytes must not pin a whole block.
rt::Slice copy_into(rt::BlockPool& pool, const char* data, std::size_t bytes) {
  if (bytes < rt::kPinMinBytes) return rt::Slice::copy_of(std::string_view(data, bytes));
  rt::Block& block = pool.current();
  std::memcpy(block.room().data(), data, bytes);
  return block.fill(bytes);
}

Code code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Code::kTimeout;
    case CURLE_URL_MALFORMAT:
      return Code::kInvalid;
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PEER_FAILED_VERIFICATION:
      return Code::kUnprocessable;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return Code::kClosed;
    default:
      return Code::kIo;
  }
}

}  // namespace

std::optional<std::string> Head::field(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &std::pair<std::string, std::string>::first);
  return found == fields.end() ? std::nullopt : std::optional(found->second);
}

Transfer::Transfer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transfer::~Transfer() = default;

void Transfer::stop() { state_->stop({Code::kCancelled, "the transfer was stopped"}); }

rt::Task<rt::Result<Head>> Transfer::head() {
  State& state = *state_;
  while (!state.has_head && !state.end) co_await state.woken.wait();
  if (!state.has_head) co_return std::unexpected(state.end->error());
  co_return state.head;
}

rt::Task<rt::Result<rt::Slice>> Transfer::next() {
  State& state = *state_;
  for (;;) {
    const bool stopped = state.end && !*state.end && state.end->error().code == Code::kCancelled;
    if (!state.pieces.empty() && !stopped) break;
    if (state.end && !*state.end) co_return std::unexpected(state.end->error());
    if (state.end) co_return rt::Slice();
    co_await state.woken.wait();
  }
  rt::Slice piece = std::move(state.pieces.front());
  state.pieces.pop_front();
  state.unread_bytes -= piece.size();
  if (state.paused && state.unread_bytes < kUnreadBytesMax / 2) state.go_on();
  co_return piece;
}

curl_socket_t Transfer::State::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  auto& state = *static_cast<State*>(self);
  const std::string text = text_of(*address);
  if (auto good = state.core->policy.check(text); !good) {
    state.refused = std::move(good.error());
    return CURL_SOCKET_BAD;
  }
  state.refused.reset();  // of a host with several addresses, one may be called
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t Transfer::State::on_field(char* data, std::size_t, std::size_t bytes, void* self) {
  auto& state = *static_cast<State*>(self);
  const std::string_view line(data, bytes);
  state.head_bytes += bytes;
  if (state.head_bytes > kHeadBytesMax) return 0;
  // A status line begins the head of another answer: after a redirect, or after 1xx.
  if (line.starts_with("HTTP/")) state.head.fields.clear();
  const std::size_t mark = line.find(':');
  if (state.has_head || line.starts_with("HTTP/") || mark == std::string_view::npos) return bytes;
  state.head.fields.emplace_back(rt::lowered(rt::trimmed(line.substr(0, mark))),
                                 rt::trimmed(line.substr(mark + 1), kBlanks));
  return bytes;
}

std::size_t Transfer::State::on_body(char* data, std::size_t, std::size_t bytes, void* self) {
  auto& state = *static_cast<State*>(self);
  state.see_head();
  rt::BlockPool& pool = *state.core->pool;
  const bool full = state.unread_bytes > 0 && state.unread_bytes + bytes > kUnreadBytesMax;
  if (full || !pool.can_read()) {
    state.paused = true;
    if (!full) state.look_again->set(kBudgetLook);
    return CURL_WRITEFUNC_PAUSE;
  }
  rt::Slice piece = copy_into(pool, data, bytes);
  state.unread_bytes += bytes;
  if (!state.pieces.empty() && state.pieces.back().continues_with(piece)) {
    state.pieces.back().extend(bytes);
  } else {
    state.pieces.push_back(std::move(piece));
  }
  state.woken.set();
  return bytes;
}

void Transfer::State::see_head() {
  if (std::exchange(has_head, true)) return;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  char* url = nullptr;
  curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
  head.status = static_cast<int>(status);
  if (url) head.url = url;
  woken.set();
}

// May call on_body at once, for what libcurl kept.
void Transfer::State::go_on() {
  if (end || !std::exchange(paused, false)) return;
  curl_easy_pause(easy, CURLPAUSE_CONT);
}

void Transfer::State::ended(CURLcode code) {
  if (end) return;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && status != 0) see_head();
  end = rt::Status();
  if (code != CURLE_OK || status == 0) {
    std::string text = words[0] ? words : curl_easy_strerror(code);
    end = refused ? rt::Status(std::unexpected(*refused)) : rt::fail(code_of(code), std::move(text));
  }
  core->end(*this);
  woken.set();
}

void Transfer::State::stop(rt::Error why) {
  if (end) return;
  end = std::unexpected(std::move(why));
  core->end(*this);
  woken.set();
}

}  // namespace millrace::outbound
