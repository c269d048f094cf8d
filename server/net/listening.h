// Listening sockets, one per loop on one address by SO_REUSEPORT, so that the kernel spreads connections and loops
// share nothing. Made by hand before the loops run; libuv 1.44 knows no SO_REUSEPORT.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/rt/error.h"

namespace millrace::net {

// Owns a listening descriptor.
class Listening {
 public:
  explicit Listening(int descriptor) noexcept : descriptor_(descriptor) {}
  Listening(Listening&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Listening& operator=(Listening&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Listening();

  int descriptor() const noexcept { return descriptor_; }
  // "127.0.0.1:43121" or "[::1]:43121".
  std::string address() const;

 private:
  int descriptor_;
};

// `address` is ADDRESS:PORT with a textual IP; port 0 picks a free one, the same for all `count` sockets.
rt::Result<std::vector<Listening>> listen_on(const std::string& address, std::size_t count, int backlog);

// The textual address of the other end of a connected descriptor, without the port; empty when it is gone.
std::string peer_of(int descriptor);

}  // namespace millrace::net
