#pragma once

// A non-blocking client socket, in clear text or under TLS, behind one pair of verbs. Owned by one connection of the
// load client, on its only thread. Certificates are not checked: the bench talks to itself on loopback.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

namespace millrace::bench {

// Offers exactly one protocol by ALPN, and one cipher, so that every server does the same arithmetic.
class TlsContext {
 public:
  explicit TlsContext(bool http1);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* get() const { return context_; }

 private:
  ssl_ctx_st* context_;
};

enum class Io { kDone, kBlocked, kClosed };

class Transport {
 public:
  // `tls` is null for clear text.
  explicit Transport(const TlsContext* tls);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  bool connect(const std::string& address, uint16_t port);
  Io handshake();
  Io read(std::span<uint8_t> into, size_t& taken);
  Io write(std::span<const uint8_t> from, size_t& taken);
  void close();

  int fd() const { return fd_; }

 private:
  Io read_tls(std::span<uint8_t> into, size_t& taken);
  Io write_tls(std::span<const uint8_t> from, size_t& taken);

  const TlsContext* tls_;
  int fd_ = -1;
  ssl_st* ssl_ = nullptr;
};

}  // namespace millrace::bench
