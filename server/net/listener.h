// Listener: one listening socket on one loop. Accepts, reads the PROXY header of trusted proxies, does the TLS
// handshake, finds the protocol and runs the session its factory makes. Knows nothing of HTTP beyond the preface of
// HTTP/2. Everything but the constructor runs on its loop; stop() is awaited before it goes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "server/net/listening.h"
#include "server/net/networks.h"
#include "server/net/session.h"
#include "server/net/tls.h"
#include "server/rt/event.h"

namespace millrace::net {

struct ListenerLimits {
  std::size_t connections_max = 50'000;              // of the whole process
  std::chrono::milliseconds first_bytes_ms{30'000};  // from accept to the first bytes that tell the protocol
  std::chrono::milliseconds handshake_ms{10'000};    // for TLS
  std::chrono::milliseconds proxy_header_ms{5'000};  // for the PROXY header
  std::chrono::milliseconds write_ms{30'000};        // a peer that takes nothing for so long is dropped
};

// Counted over all listeners of the process.
struct ListenerStats {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> closed{0};
  std::atomic<std::uint64_t> refused{0};             // over connections_max
  std::atomic<std::uint64_t> accept_errors{0};       // no descriptor or memory left
  std::atomic<std::uint64_t> handshake_failures{0};  // TLS
  std::atomic<std::uint64_t> proxy_rejected{0};      // no or a broken PROXY header

  std::uint64_t open() const noexcept { return accepted.load() - closed.load(); }
};

struct ListenerSetup {
  ListenerLimits limits = {};
  std::shared_ptr<TlsContext> tls = {};  // null: clear text
  bool proxy_protocol = false;           // trusted peers begin with a PROXY header
  Networks trusted = {};
};

class Listener {
 public:
  Listener(Listening listening, ListenerSetup setup, std::shared_ptr<rt::BlockPool> pool, SessionFactory factory,
           ListenerStats& stats);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void start();
  // Accepts no more, lets the sessions finish what runs, closes what is left after `limit`, returns when all is gone.
  rt::Task<void> stop(std::chrono::milliseconds limit);

 private:
  struct Poll;
  struct Connection;
  struct Opened;
  void accept_many();
  bool out_of_descriptors();
  void close_listening();
  void pause_accepting();
  rt::Task<void> serve(int descriptor);
  rt::Task<rt::Status> open(Opened& opened, Connection& connection);
  rt::Task<rt::Status> read_proxy_header(Socket& socket, rt::Slice& first);

  Listening listening_;
  ListenerSetup setup_;
  std::shared_ptr<rt::BlockPool> pool_;
  SessionFactory factory_;
  ListenerStats& stats_;
  Poll* poll_ = nullptr;       // freed by libuv's close callback
  int spare_descriptor_ = -1;  // given up to turn a client away when there are no others
  bool stopping_ = false;
  Connection* connections_ = nullptr;
  std::unique_ptr<rt::Timer> pause_;
  rt::Scope scope_;
  rt::Event all_gone_;
};

}  // namespace millrace::net
