// Session: one protocol on one connection. The listener finds out which protocol a connection speaks, asks its factory
// for the session, runs it and tells it to drain; HTTP/1.1 and HTTP/2 implement it above this folder.
#pragma once

#include <functional>
#include <memory>

#include "server/net/transport.h"

namespace millrace::net {

enum class Wire : std::uint8_t { kHttp1, kHttp2 };

class Session {
 public:
  virtual ~Session() = default;

  // Serves the connection until it ends; everything the session spawned has ended when this returns. `first` holds the
  // bytes that were read to find the protocol (may be empty). Awaited once.
  virtual rt::Task<void> run(rt::Slice first) = 0;
  // Finish what runs, take nothing new, then end. May be called more than once, and before or after run().
  virtual void drain() = 0;
};

// The transport outlives the session. The factory runs on the loop that owns the connection.
using SessionFactory = std::function<std::unique_ptr<Session>(Transport& transport, Wire wire)>;

}  // namespace millrace::net
