// A client's side of real sockets on 127.0.0.1, for tests on one loop.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "server/net/socket.h"

namespace millrace::net {

using namespace std::chrono_literals;

// A connected, non-blocking descriptor; connecting to a listening socket of this host does not wait.
inline int connect_to(const std::string& address) {
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  return descriptor;
}

struct Receive {
  rt::Budget budget{std::size_t{64} << 20};
  std::shared_ptr<rt::BlockPool> pool = rt::BlockPool::make(budget);
  ~Receive() { pool->rest(); }
};

inline rt::Slices one(std::string_view text) {
  rt::Slices slices;
  slices.push_back(rt::Slice::copy_of(text));
  return slices;
}

// Reads until `bytes` have come or nothing more does.
inline rt::Task<std::string> read_text(Transport& transport, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    auto slice = co_await transport.read(5000ms);
    if (!slice || slice->empty()) break;
    text += slice->text();
  }
  co_return text;
}

}  // namespace millrace::net
