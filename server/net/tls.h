// TLS on a Socket. TlsContext holds the certificate all loops share and swaps it atomically on reload(); Tls is the
// Transport of one connection. TLS 1.2 and newer; ALPN offers h2 and http/1.1. Decrypts straight into the receive
// Block; encrypts many records into one send. Only tls*.cc know OpenSSL's ssl part.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "server/net/socket.h"

struct ssl_ctx_st;
struct ssl_st;

namespace millrace::net {

struct TlsFiles {
  std::filesystem::path certificate;  // PEM, leaf first, then the chain
  std::filesystem::path key;          // PEM
};

// Makes a self-signed certificate (EC P-256; localhost, 127.0.0.1, ::1) in `directory` unless it is there already. For
// development.
rt::Result<TlsFiles> development_certificate(const std::filesystem::path& directory);

class TlsContext {
 public:
  static rt::Result<std::shared_ptr<TlsContext>> load(TlsFiles files);
  // Reads the files again; new handshakes use them. A broken file leaves the old certificate in use. Any thread.
  rt::Status reload();

 private:
  friend class Tls;
  explicit TlsContext(TlsFiles files) : files_(std::move(files)) {}
  std::shared_ptr<ssl_ctx_st> current();

  const TlsFiles files_;
  std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_;  // guarded by mutex_
};

class Tls final : public Transport {
 public:
  Tls(std::unique_ptr<Socket> socket, TlsContext& context);
  ~Tls() override;

  // Awaited once, before anything else. `first`: bytes of the connection that were read already.
  rt::Task<rt::Status> handshake(rt::Slice first, std::chrono::milliseconds limit);

  rt::Task<rt::Result<rt::Slice>> read(std::chrono::milliseconds idle) override;
  rt::Task<rt::Status> write(rt::Slices slices) override;
  void shut() override;
  void close() override;

  std::string_view alpn() const override;
  bool encrypted() const override { return true; }
  std::string peer_address() const override { return socket_->peer_address(); }

 private:
  struct Bio;  // OpenSSL's view of the socket
  rt::Result<rt::Slice> decrypt();
  rt::Status seal(const rt::Slices& slices, std::size_t& index, std::size_t& offset);
  rt::Task<rt::Status> send_kept();
  rt::Status send_or_keep(std::span<const std::byte> sealed);

  std::unique_ptr<Socket> socket_;
  std::shared_ptr<ssl_ctx_st> context_;
  ssl_st* ssl_;
  rt::Slice early_;                   // ciphertext read before the handshake began
  std::string* sink_ = nullptr;       // where records go while seal() runs, else to kept_
  std::string kept_;                  // sealed records the kernel has not taken
  std::optional<rt::Error> trouble_;  // nothing more can be read
  bool may_receive_ = false;          // one recv per readiness
  bool more_ = false;                 // OpenSSL may hold records that are not decrypted yet
  bool ended_ = false;                // the peer ended its side
};

}  // namespace millrace::net
