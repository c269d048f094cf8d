#include "bench/client/transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace millrace::bench {
namespace {

constexpr size_t kRecordBytes = 16384;
constexpr long kGatherBytes = 64 << 10;

Io from_errno() { return errno == EAGAIN || errno == EINPROGRESS || errno == EINTR ? Io::kBlocked : Io::kClosed; }

Io from_tls(ssl_st* ssl, int result) {
  const int error = SSL_get_error(ssl, result);
  ERR_clear_error();
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Io::kBlocked : Io::kClosed;
}

Io from_count(ssize_t count, size_t& taken) {
  if (count < 0) return from_errno();
  taken = static_cast<size_t>(count);
  return Io::kDone;
}

// Records leave the library one by one; gathered, sixteen of them cost one system call.
void set_bios(ssl_st* ssl, int fd) {
  BIO* gather = BIO_new(BIO_f_buffer());
  BIO_set_write_buffer_size(gather, kGatherBytes);
  SSL_set_bio(ssl, BIO_new_socket(fd, BIO_NOCLOSE), BIO_push(gather, BIO_new_socket(fd, BIO_NOCLOSE)));
}

}  // namespace

TlsContext::TlsContext(bool http1) : context_(SSL_CTX_new(TLS_client_method())) {
  const std::string_view protocol = http1 ? std::string_view("\x08http/1.1") : std::string_view("\x02h2");
  SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const uint8_t*>(protocol.data()),
                          static_cast<unsigned>(protocol.size()));
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_ciphersuites(context_, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_cipher_list(context_, "ECDHE+AESGCM");
  SSL_CTX_set_mode(context_,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Transport::Transport(const TlsContext* tls) : tls_(tls) {}

Transport::~Transport() { close(); }

bool Transport::connect(const std::string& address, uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  if (fd_ < 0 || inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1) return false;
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS) return false;
  if (tls_ != nullptr) {
    ssl_ = SSL_new(tls_->get());
    set_bios(ssl_, fd_);
    SSL_set_connect_state(ssl_);
  }
  return true;
}

Io Transport::handshake() {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return Io::kClosed;
  sockaddr_in peer{};
  length = sizeof peer;
  if (getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return Io::kBlocked;
  if (ssl_ == nullptr) return Io::kDone;
  const int result = SSL_do_handshake(ssl_);
  return result == 1 ? Io::kDone : from_tls(ssl_, result);
}

Io Transport::read(std::span<uint8_t> into, size_t& taken) {
  if (ssl_ != nullptr) return read_tls(into, taken);
  const Io io = from_count(::recv(fd_, into.data(), into.size(), 0), taken);
  return io == Io::kDone && taken == 0 ? Io::kClosed : io;
}

Io Transport::write(std::span<const uint8_t> from, size_t& taken) {
  if (ssl_ != nullptr) return write_tls(from, taken);
  return from_count(::send(fd_, from.data(), from.size(), MSG_NOSIGNAL), taken);
}

// One record a call would cost the caller a pass through its loop for each 16 KiB, so this fills what it was given.
Io Transport::read_tls(std::span<uint8_t> into, size_t& taken) {
  taken = 0;
  while (into.size() - taken >= kRecordBytes) {
    size_t n = 0;
    const int result = SSL_read_ex(ssl_, into.data() + taken, into.size() - taken, &n);
    if (result != 1) return taken > 0 ? Io::kDone : from_tls(ssl_, result);
    taken += n;
  }
  return Io::kDone;
}

Io Transport::write_tls(std::span<const uint8_t> from, size_t& taken) {
  taken = 0;
  while (taken < from.size()) {
    size_t n = 0;
    const int result = SSL_write_ex(ssl_, from.data() + taken, std::min(from.size() - taken, kRecordBytes), &n);
    if (result != 1) return taken > 0 ? Io::kDone : from_tls(ssl_, result);
    taken += n;
  }
  BIO_flush(SSL_get_wbio(ssl_));
  return Io::kDone;
}

void Transport::close() {
  SSL_free(ssl_);
  ssl_ = nullptr;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace millrace::bench
