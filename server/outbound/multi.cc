#include "server/outbound/multi.h"

#include <uv.h>

#include "server/rt/loop.h"

namespace millrace::outbound {
namespace {

// Connections that are kept for the next request to the same server.
constexpr long kIdleConnectionsMax = 16;

// Once in the process; libcurl counts no threads here, the standard does.
void init_library() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)done;
}

}  // namespace

struct Multi::Poll {
  uv_poll_t uv;
  Multi* multi;
  curl_socket_t socket;
  int events = 0;

  static void on_ready(uv_poll_t* handle, int status, int ready);
  void start() { uv_poll_start(&uv, events, &Poll::on_ready); }
};

// libuv stops watching a connection that was reset; libcurl, told that it is ready, finds out by itself and takes
// another one where that is possible, but gives up when it is told of an error.
void Multi::Poll::on_ready(uv_poll_t* handle, int status, int ready) {
  auto& waiting = *static_cast<Poll*>(handle->data);
  if (status < 0) waiting.start();
  if (status < 0) ready = waiting.events;
  const int seen = (ready & UV_READABLE ? CURL_CSELECT_IN : 0) | (ready & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
  waiting.multi->act(waiting.socket, seen);
}

Multi::Multi() : timer_([this] { act(CURL_SOCKET_TIMEOUT, 0); }) {
  init_library();
  multi_ = curl_multi_init();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Multi::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Multi::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax);
  // A transfer that waits for its reader must not hold up others, as it would on a connection they share.
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

Multi::~Multi() { curl_multi_cleanup(multi_); }

int Multi::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
  auto& multi = *static_cast<Multi*>(self);
  auto* poll = static_cast<Poll*>(known);
  if (what == CURL_POLL_REMOVE) {
    curl_multi_assign(multi.multi_, socket, nullptr);
    if (!poll) return 0;
    uv_close(reinterpret_cast<uv_handle_t*>(&poll->uv),
             [](uv_handle_t* handle) { delete static_cast<Poll*>(handle->data); });
    return 0;
  }
  if (!poll) {
    poll = new Poll{{}, &multi, socket, 0};
    poll->uv.data = poll;
    if (uv_poll_init(rt::Loop::current().uv(), &poll->uv, socket) != 0) {
      delete poll;
      return -1;
    }
    curl_multi_assign(multi.multi_, socket, poll);
  }
  poll->events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
  poll->start();
  return 0;
}

int Multi::on_timer(CURLM*, long timeout_ms, void* self) {
  auto& multi = *static_cast<Multi*>(self);
  if (timeout_ms < 0) {
    multi.timer_.cancel();
  } else {
    multi.timer_.set(std::chrono::milliseconds(timeout_ms));
  }
  return 0;
}

void Multi::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  tell_ended();
}

void Multi::tell_ended() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Handle* handle = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &handle);
    handle->ended(message->data.result);
  }
}

}  // namespace millrace::outbound
