#include "server/net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/rt/bus_guard.h"

namespace millrace::net {
namespace {

constexpr std::size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;
// What one recv may bring: OpenSSL's read buffer, held only while it is not empty. Two records stay in the cache until
// they are decrypted, and a slow upload that always has half a record in it holds no more; 16 to 256 KiB cost the same.
constexpr std::size_t kReadAheadBytes = 33 * 1024;
// Sealed records collected for one send.
constexpr std::size_t kSendBytes = 256 * 1024;
constexpr std::size_t kSealedMaxBytes = kSendBytes + 2 * kRecordBytes;

std::string last_error() {
  char text[256] = "";
  const unsigned long code = ERR_get_error();
  ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return code == 0 ? "no reason given" : text;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_bytes, const unsigned char* offered,
                unsigned offered_bytes, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_bytes, kOurs, sizeof(kOurs) - 1, offered, offered_bytes) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // 128-bit AES first: a fifth cheaper per byte than 256-bit, and as safe here. Chosen from RFC 9113 §9.2.2's allowed.
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384");
  SSL_CTX_set_cipher_list(context, "ECDHE+AES128+AESGCM:ECDHE+CHACHA20:ECDHE+AES256+AESGCM");
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadAheadBytes);
  // Tickets resume sessions; a cache in memory besides them would only grow.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
}

rt::Result<std::shared_ptr<SSL_CTX>> make_context(const TlsFiles& files) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return rt::fail(rt::Code::kInternal, "no TLS context: " + last_error());
  configure(context.get());
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    return rt::fail(rt::Code::kInvalid, "certificate " + files.certificate.string() + ": " + last_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return rt::fail(rt::Code::kInvalid, "key " + files.key.string() + ": " + last_error());
  }
  return context;
}

// Room for one send, shared by all connections of a thread, because sealing and sending never suspend.
std::string& seal_room() {
  thread_local std::string room = [] {
    std::string text;
    text.reserve(kSealedMaxBytes);
    return text;
  }();
  room.clear();
  return room;
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace

// The BIO below a connection's SSL: reads from the socket when it is readable, writes into a string.
struct Tls::Bio {
  static Tls& tls(BIO* bio) { return *static_cast<Tls*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* data, int bytes) {
    Tls& self = tls(bio);
    (self.sink_ ? *self.sink_ : self.kept_).append(data, static_cast<std::size_t>(bytes));
    return bytes;
  }

  static int read(BIO* bio, char* out, int bytes) {
    Tls& self = tls(bio);
    BIO_clear_retry_flags(bio);
    if (!self.early_.empty()) {
      const rt::Slice front = self.early_.take_front(std::min(self.early_.size(), static_cast<std::size_t>(bytes)));
      std::memcpy(out, front.data(), front.size());
      return static_cast<int>(front.size());
    }
    if (std::exchange(self.may_receive_, false)) {
      auto got = self.socket_->receive({reinterpret_cast<std::byte*>(out), static_cast<std::size_t>(bytes)});
      if (!got) {
        self.trouble_ = std::move(got.error());
        return -1;
      }
      // A full buffer means that more is there, most likely.
      if (*got) self.may_receive_ = **got == static_cast<std::size_t>(bytes);
      if (*got) return static_cast<int>(**got);
    }
    BIO_set_retry_read(bio);
    return -1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const instance = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
      BIO_meth_set_write(made, &Bio::write);
      BIO_meth_set_read(made, &Bio::read);
      BIO_meth_set_ctrl(made, &Bio::control);
      return made;
    }();
    return instance;
  }
};

rt::Result<std::shared_ptr<TlsContext>> TlsContext::load(TlsFiles files) {
  std::shared_ptr<TlsContext> context(new TlsContext(std::move(files)));
  rt::Status loaded = context->reload();
  if (!loaded) return rt::pass(loaded);
  return context;
}

rt::Status TlsContext::reload() {
  auto fresh = make_context(files_);
  if (!fresh) return rt::pass(fresh);
  std::lock_guard lock(mutex_);
  context_ = std::move(*fresh);
  return {};
}

std::shared_ptr<ssl_ctx_st> TlsContext::current() {
  std::lock_guard lock(mutex_);
  return context_;
}

Tls::Tls(std::unique_ptr<Socket> socket, TlsContext& context)
    : socket_(std::move(socket)), context_(context.current()), ssl_(SSL_new(context_.get())) {
  BIO* bio = BIO_new(Bio::method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

Tls::~Tls() { SSL_free(ssl_); }

rt::Task<rt::Status> Tls::handshake(rt::Slice first, std::chrono::milliseconds limit) {
  early_ = std::move(first);
  const std::int64_t deadline_ms = rt::Loop::current().now_ms() + limit.count();
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    const int reason = SSL_get_error(ssl_, result);
    rt::Status sent = co_await send_kept();  // an alert, too
    if (!sent) co_return sent;
    if (result == 1) break;
    if (trouble_) co_return std::unexpected(*trouble_);
    if (reason != SSL_ERROR_WANT_READ) co_return rt::fail(rt::Code::kInvalid, "TLS handshake: " + last_error());
    const std::int64_t left_ms = deadline_ms - rt::Loop::current().now_ms();
    if (left_ms <= 0) co_return rt::fail(rt::Code::kTimeout, "the TLS handshake took too long");
    rt::Status ready = co_await socket_->readable(std::chrono::milliseconds(left_ms));
    if (!ready) co_return ready;
    may_receive_ = true;
  }
  more_ = true;
  co_return rt::Status();
}

rt::Task<rt::Result<rt::Slice>> Tls::read(std::chrono::milliseconds idle) {
  for (;;) {
    if (trouble_) co_return std::unexpected(*trouble_);
    if (ended_) co_return rt::Slice();
    if (!more_) {
      rt::Status ready = co_await socket_->readable(idle);
      if (!ready) co_return rt::pass(ready);
      may_receive_ = true;
    }
    if (!socket_->pool().can_read()) {
      rt::Status allowed = co_await socket_->budget_allows(idle);
      if (!allowed) co_return rt::pass(allowed);
    }
    auto slice = decrypt();
    if (!slice || !slice->empty()) co_return slice;
  }
}

// Everything OpenSSL can give now, as far as the block has room.
rt::Result<rt::Slice> Tls::decrypt() {
  rt::Block& block = socket_->pool().current();
  const std::span<std::byte> room = block.room();
  std::size_t filled = 0;
  more_ = true;
  ERR_clear_error();
  while (more_ && room.size() - filled >= kRecordBytes) {
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_, room.data() + filled, room.size() - filled, &got);
    filled += got;
    if (result == 1) continue;
    more_ = false;
    const int reason = SSL_get_error(ssl_, result);
    if (reason == SSL_ERROR_ZERO_RETURN) ended_ = true;
    const bool fine = reason == SSL_ERROR_ZERO_RETURN || reason == SSL_ERROR_WANT_READ;
    if (!fine && !trouble_) trouble_ = rt::Error{rt::Code::kClosed, "TLS: " + last_error()};
  }
  // What reading made us write (a key update) leaves now, or with the next write.
  if (!kept_.empty()) (void)send_or_keep({});
  if (filled > 0) return block.fill(filled);
  if (trouble_) return std::unexpected(*trouble_);
  return rt::Slice();
}

rt::Task<rt::Status> Tls::write(rt::Slices slices) {
  std::size_t index = 0;
  std::size_t offset = 0;
  for (;;) {
    rt::Status sent = co_await send_kept();
    if (!sent || index == slices.size()) co_return sent;
    rt::Status sealed = seal(slices, index, offset);
    if (!sealed) co_return sealed;
  }
}

// Seals slices until there is enough for one send, and sends it. Small slices share a record.
rt::Status Tls::seal(const rt::Slices& slices, std::size_t& index, std::size_t& offset) {
  thread_local std::array<std::byte, kRecordBytes> record;
  std::string& sealed = seal_room();
  sink_ = &sealed;
  ERR_clear_error();
  bool fine = true;
  while (fine && index < slices.size() && sealed.size() < kSendBytes) {
    std::size_t filled = 0;
    while (filled < record.size() && index < slices.size()) {
      const rt::Slice& slice = slices[index];
      const std::size_t take = std::min(slice.size() - offset, record.size() - filled);
      if (take > 0 && !rt::try_copy(record.data() + filled, slice.data() + offset, take)) {
        sink_ = nullptr;
        return rt::fail(rt::Code::kIo, "the bytes to send cannot be read");
      }
      filled += take;
      offset += take;
      if (offset == slice.size()) {
        ++index;
        offset = 0;
      }
    }
    std::size_t written = 0;
    fine = filled == 0 || SSL_write_ex(ssl_, record.data(), filled, &written) == 1;
  }
  sink_ = nullptr;
  if (!fine) return rt::fail(rt::Code::kClosed, "TLS: " + last_error());
  return send_or_keep(bytes_of(sealed));
}

// Order matters: what was kept goes first.
rt::Status Tls::send_or_keep(std::span<const std::byte> sealed) {
  if (!kept_.empty()) {
    auto sent = socket_->send(bytes_of(kept_));
    if (!sent) return rt::pass(sent);
    kept_.erase(0, *sent);
  }
  if (!sealed.empty() && kept_.empty()) {
    auto sent = socket_->send(sealed);
    if (!sent) return rt::pass(sent);
    sealed = sealed.subspan(*sent);
  }
  kept_.append(reinterpret_cast<const char*>(sealed.data()), sealed.size());
  return {};
}

rt::Task<rt::Status> Tls::send_kept() {
  while (!kept_.empty()) {
    rt::Status sent = send_or_keep({});
    if (!sent) co_return sent;
    if (kept_.empty()) break;
    rt::Status ready = co_await socket_->writable();
    if (!ready) co_return ready;
  }
  kept_ = std::string();  // an idle connection holds no memory for it
  co_return rt::Status();
}

void Tls::shut() {
  if (SSL_in_init(ssl_)) return socket_->shut();
  ERR_clear_error();
  SSL_shutdown(ssl_);
  (void)send_or_keep({});
  socket_->shut();
}

void Tls::close() { socket_->close(); }

std::string_view Tls::alpn() const {
  const unsigned char* name = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(ssl_, &name, &bytes);
  return {reinterpret_cast<const char*>(name), bytes};
}

}  // namespace millrace::net
