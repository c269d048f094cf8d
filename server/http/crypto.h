// Digests, encodings and randomness in plain C++ types. With server/net/tls.cc the only place that knows OpenSSL.
// Every function may be called from any thread; contexts are cached per thread, because fetching an algorithm costs
// more than hashing a short text.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace millrace::http {

using Sha256Digest = std::array<std::byte, 32>;
using Md5Digest = std::array<std::byte, 16>;

inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

Sha256Digest sha256(std::span<const std::byte> message);
Sha256Digest hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> message);
Md5Digest md5(std::span<const std::byte> message);

// A digest of bytes that come in pieces. finish() gives the digest once; then the hasher starts anew.
class Hasher {
 public:
  enum class Kind { kSha256, kMd5, kSha1 };
  explicit Hasher(Kind kind);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  void update(std::span<const std::byte> piece);
  std::string finish();  // raw digest bytes

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Lower-case hexadecimal.
std::string hex(std::span<const std::byte> bytes);
// Nothing unless `text` is an even number of hexadecimal digits.
std::optional<std::string> unhex(std::string_view text);

std::string base64(std::span<const std::byte> bytes);
// Strict (RFC 4648 §4): padded, no white space, unused bits zero.
std::optional<std::string> base64_decode(std::string_view text);

// Takes as long for equal as for different texts of one length.
bool constant_time_equal(std::string_view a, std::string_view b) noexcept;

// From the system's secure generator; a process that cannot get any stops.
void random_bytes(std::span<std::byte> out);
std::string random_hex(std::size_t bytes);

}  // namespace millrace::http
