// Transport: a byte stream to one peer, plain or encrypted. The protocol sessions above know no more than this, and an
// in-memory pair of them with injected faults stands in for sockets in tests.
//
// One reader and one writer coroutine at a time, both on the loop that owns the transport. Every wait has a deadline:
// reads the idle limit, writes the write limit; when it passes, the call gives kTimeout.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "server/rt/bytes.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::net {

class Transport {
 public:
  virtual ~Transport() = default;

  // The next bytes, at least one; an empty Slice when the peer ended its side. kTimeout when nothing came for `idle`,
  // kClosed when the connection broke or was closed here. The slice lies in a receive Block of the loop's pool.
  virtual rt::Task<rt::Result<rt::Slice>> read(std::chrono::milliseconds idle) = 0;
  // Returns when the kernel has taken all bytes. kTimeout when the peer took nothing for the write limit.
  virtual rt::Task<rt::Status> write(rt::Slices slices) = 0;
  // Ends our side after what was written (FIN, close_notify); reads go on.
  virtual void shut() = 0;
  // Wakes reader and writer with kClosed and drops the connection. May be called more than once.
  virtual void close() = 0;

  virtual std::string_view alpn() const = 0;  // "h2", "http/1.1" or empty
  virtual bool encrypted() const = 0;
  virtual std::string peer_address() const = 0;  // textual IP
};

}  // namespace millrace::net
