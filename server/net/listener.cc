#include "server/net/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>

#include "server/net/proxy_protocol.h"

namespace millrace::net {
namespace {

// Connections taken per wake, so that a burst does not hold up those that are open.
constexpr int kAcceptsPerWake = 128;
constexpr std::chrono::milliseconds kAcceptPauseMs{100};
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

bool may_become_preface(std::string_view bytes) { return kPreface.starts_with(bytes.substr(0, kPreface.size())); }

rt::Slice joined(const rt::Slice& a, const rt::Slice& b) {
  return rt::Slice::copy_of(std::string(a.text()).append(b.text()));
}

// Reads until the bytes are the HTTP/2 preface or cannot become it. Empty when the peer left first.
rt::Task<rt::Result<rt::Slice>> read_first_bytes(Transport& transport, rt::Slice first,
                                                 std::chrono::milliseconds limit) {
  const std::int64_t deadline_ms = rt::Loop::current().now_ms() + limit.count();
  while (first.size() < kPreface.size() && may_become_preface(first.text())) {
    const std::int64_t left_ms = std::max<std::int64_t>(deadline_ms - rt::Loop::current().now_ms(), 0);
    auto more = co_await transport.read(std::chrono::milliseconds(left_ms));
    if (!more) co_return rt::pass(more);
    if (more->empty()) break;
    first = first.empty() ? std::move(*more) : joined(first, *more);
  }
  co_return first;
}

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

struct Listener::Poll {
  uv_poll_t handle;
};

// One accepted connection, on the list of its listener while serve() runs.
struct Listener::Connection {
  explicit Connection(Listener& l) : listener(l), next(l.connections_) {
    if (next) next->link = &next;
    link = &l.connections_;
    l.connections_ = this;
  }
  ~Connection() {
    *link = next;
    if (next) next->link = link;
    listener.stats_.closed.fetch_add(1, std::memory_order_relaxed);
    if (!listener.connections_) listener.all_gone_.set();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Listener& listener;
  Connection* next;
  Connection** link;
  Transport* transport = nullptr;
  Session* session = nullptr;
};

struct Listener::Opened {
  std::unique_ptr<Transport> transport;
  Wire wire = Wire::kHttp1;
  rt::Slice first;
};

Listener::Listener(Listening listening, ListenerSetup setup, std::shared_ptr<rt::BlockPool> pool,
                   SessionFactory factory, ListenerStats& stats)
    : listening_(std::move(listening)),
      setup_(std::move(setup)),
      pool_(std::move(pool)),
      factory_(std::move(factory)),
      stats_(stats),
      spare_descriptor_(open_spare()) {}

Listener::~Listener() {
  close_listening();
  if (spare_descriptor_ >= 0) ::close(spare_descriptor_);
}

void Listener::start() {
  poll_ = new Poll;
  uv_poll_init(rt::Loop::current().uv(), &poll_->handle, listening_.descriptor());
  poll_->handle.data = this;
  uv_poll_start(&poll_->handle, UV_READABLE,
                [](uv_poll_t* handle, int, int) { static_cast<Listener*>(handle->data)->accept_many(); });
}

void Listener::close_listening() {
  pause_.reset();
  if (!poll_) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&std::exchange(poll_, nullptr)->handle),
           [](uv_handle_t* handle) { delete reinterpret_cast<Poll*>(handle); });
  listening_ = Listening(-1);
}

void Listener::accept_many() {
  for (int i = 0; i < kAcceptsPerWake; ++i) {
    const int descriptor = ::accept4(listening_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      stats_.accept_errors.fetch_add(1, std::memory_order_relaxed);
      if (!out_of_descriptors()) return pause_accepting();
      continue;
    }
    if (stats_.open() >= setup_.limits.connections_max) {
      stats_.refused.fetch_add(1, std::memory_order_relaxed);
      ::close(descriptor);
      continue;
    }
    stats_.accepted.fetch_add(1, std::memory_order_relaxed);
    scope_.spawn(serve(descriptor));
  }
}

// Turns the waiting client away with the spare descriptor, because it would wake us again and again. False when that
// does not help.
bool Listener::out_of_descriptors() {
  if ((errno != EMFILE && errno != ENFILE) || spare_descriptor_ < 0) return false;
  ::close(spare_descriptor_);
  const int descriptor = ::accept4(listening_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
  if (descriptor >= 0) ::close(descriptor);
  spare_descriptor_ = open_spare();
  return descriptor >= 0 && spare_descriptor_ >= 0;
}

void Listener::pause_accepting() {
  uv_poll_stop(&poll_->handle);
  pause_ = std::make_unique<rt::Timer>([this] {
    uv_poll_start(&poll_->handle, UV_READABLE,
                  [](uv_poll_t* handle, int, int) { static_cast<Listener*>(handle->data)->accept_many(); });
  });
  pause_->set(kAcceptPauseMs);
}

rt::Task<void> Listener::serve(int descriptor) {
  Connection connection(*this);
  Opened opened;
  opened.transport = std::make_unique<Socket>(descriptor, pool_, setup_.limits.write_ms, peer_of(descriptor));
  connection.transport = opened.transport.get();
  rt::Status ready = co_await open(opened, connection);
  if (ready) {
    auto session = factory_(*opened.transport, opened.wire);
    connection.session = session.get();
    if (stopping_) session->drain();
    co_await session->run(std::move(opened.first));
    connection.session = nullptr;
  }
  opened.transport->close();
}

// From an accepted socket to a transport that is ready for a session, its protocol known.
rt::Task<rt::Status> Listener::open(Opened& opened, Connection& connection) {
  auto& socket = static_cast<Socket&>(*opened.transport);
  if (setup_.proxy_protocol && setup_.trusted.contains(socket.peer_address())) {
    rt::Status told = co_await read_proxy_header(socket, opened.first);
    if (!told) {
      stats_.proxy_rejected.fetch_add(1, std::memory_order_relaxed);
      co_return told;
    }
  }
  if (setup_.tls) {
    opened.transport.release();  // Tls owns the socket from here on
    auto tls = std::make_unique<Tls>(std::unique_ptr<Socket>(&socket), *setup_.tls);
    Tls& encrypted = *tls;
    opened.transport = std::move(tls);
    connection.transport = opened.transport.get();
    rt::Status shaken = co_await encrypted.handshake(std::exchange(opened.first, {}), setup_.limits.handshake_ms);
    if (!shaken) {
      stats_.handshake_failures.fetch_add(1, std::memory_order_relaxed);
      co_return shaken;
    }
  }
  const std::string_view chosen = opened.transport->alpn();
  if (!chosen.empty()) {
    opened.wire = chosen == "h2" ? Wire::kHttp2 : Wire::kHttp1;
    co_return rt::Status();
  }
  auto first = co_await read_first_bytes(*opened.transport, std::move(opened.first), setup_.limits.first_bytes_ms);
  if (!first) co_return rt::pass(first);
  if (first->empty()) co_return rt::fail(rt::Code::kClosed, "the peer left before it said anything");
  opened.wire = first->text().starts_with(kPreface) ? Wire::kHttp2 : Wire::kHttp1;
  opened.first = std::move(*first);
  co_return rt::Status();
}

// The proxy speaks first; what follows its header belongs to the client. A trusted peer may also come on its own
// behalf, for a health check or as an HTTP proxy beside the TCP ones, and then sends no header.
rt::Task<rt::Status> Listener::read_proxy_header(Socket& socket, rt::Slice& first) {
  const std::int64_t deadline_ms = rt::Loop::current().now_ms() + setup_.limits.proxy_header_ms.count();
  for (;;) {
    const std::int64_t left_ms = std::max<std::int64_t>(deadline_ms - rt::Loop::current().now_ms(), 0);
    auto more = co_await socket.read(std::chrono::milliseconds(left_ms));
    if (!more) co_return rt::pass(more);
    if (more->empty()) co_return rt::fail(rt::Code::kClosed, "the proxy left before it said anything");
    first = first.empty() ? std::move(*more) : joined(first, *more);
    if (!may_be_proxy_header(first.bytes())) co_return rt::Status();
    auto header = parse_proxy_header(first.bytes());
    if (!header) co_return rt::pass(header);
    if (!*header) continue;
    if (!(*header)->source.empty()) socket.set_peer_address((*header)->source);
    first.take_front((*header)->used_bytes);
    co_return rt::Status();
  }
}

rt::Task<void> Listener::stop(std::chrono::milliseconds limit) {
  stopping_ = true;
  if (poll_ && !pause_) accept_many();  // those that wait in the queue would see a reset
  close_listening();
  for (Connection* connection = connections_; connection; connection = connection->next) {
    if (connection->session) {
      connection->session->drain();
    } else if (connection->transport) {
      connection->transport->close();
    }
  }
  bool late = false;
  rt::Timer deadline([this, &late] {
    late = true;
    all_gone_.set();
  });
  deadline.set(limit);
  while (scope_.running() > 0 && !late) co_await all_gone_.wait();
  for (Connection* connection = connections_; connection; connection = connection->next) {
    if (connection->transport) connection->transport->close();
  }
  co_await scope_.join();
}

}  // namespace millrace::net
