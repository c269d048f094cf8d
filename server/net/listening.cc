#include "server/net/listening.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "server/rt/text.h"

namespace millrace::net {
namespace {

struct Endpoint {
  sockaddr_storage storage = {};
  socklen_t bytes = 0;
};

const sockaddr* generic(const Endpoint& endpoint) { return reinterpret_cast<const sockaddr*>(&endpoint.storage); }

rt::Result<Endpoint> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view digits = colon == std::string::npos ? "" : std::string_view(text).substr(colon + 1);
  const auto port = rt::whole_number<std::uint16_t>(digits);
  if (!port) return rt::fail(rt::Code::kInvalid, text + " is not ADDRESS:PORT");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  Endpoint endpoint;
  auto& v4 = reinterpret_cast<sockaddr_in&>(endpoint.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(endpoint.storage);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(*port);
    endpoint.bytes = sizeof(v4);
  } else if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(*port);
    endpoint.bytes = sizeof(v6);
  } else {
    return rt::fail(rt::Code::kInvalid, host + " is not an IP address");
  }
  return endpoint;
}

std::string host_text(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, text, sizeof(text));
    return text;
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    inet_ntop(AF_INET, v6.s6_addr + 12, text, sizeof(text));
  } else {
    inet_ntop(AF_INET6, &v6, text, sizeof(text));
  }
  return text;
}

rt::Result<Listening> listen_once(const Endpoint& endpoint, const std::string& address, int backlog) {
  Listening listening(::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int descriptor = listening.descriptor();
  const bool fine = descriptor >= 0 && ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
                    ::bind(descriptor, generic(endpoint), endpoint.bytes) == 0 && ::listen(descriptor, backlog) == 0;
  if (!fine) return rt::fail(rt::Code::kIo, "cannot listen on " + address + ": " + std::strerror(errno));
  return listening;
}

}  // namespace

Listening::~Listening() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string Listening::address() const {
  sockaddr_storage storage = {};
  socklen_t bytes = sizeof(storage);
  if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return {};
  const bool v4 = storage.ss_family == AF_INET;
  const auto port =
      ntohs(v4 ? reinterpret_cast<sockaddr_in&>(storage).sin_port : reinterpret_cast<sockaddr_in6&>(storage).sin6_port);
  const std::string host = host_text(storage);
  return (v4 ? host : "[" + host + "]") + ":" + std::to_string(port);
}

rt::Result<std::vector<Listening>> listen_on(const std::string& address, std::size_t count, int backlog) {
  auto endpoint = parse_endpoint(address);
  if (!endpoint) return rt::pass(endpoint);
  std::vector<Listening> all;
  while (all.size() < count) {
    auto next = listen_once(*endpoint, address, backlog);
    if (!next) return rt::pass(next);
    // The first one may have picked the port; the others take the same.
    if (all.empty())
      ::getsockname(next->descriptor(), reinterpret_cast<sockaddr*>(&endpoint->storage), &endpoint->bytes);
    all.push_back(std::move(*next));
  }
  return all;
}

std::string peer_of(int descriptor) {
  sockaddr_storage storage = {};
  socklen_t bytes = sizeof(storage);
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return {};
  return host_text(storage);
}

}  // namespace millrace::net
