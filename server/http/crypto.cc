#include "server/http/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstdlib>

namespace millrace::http {
namespace {

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, ContextDeleter>;

// OpenSSL fails here only when it has no memory or no provider: nothing to go on with.
void require(bool succeeded) {
  if (!succeeded) std::abort();
}

const EVP_MD* algorithm(Hasher::Kind kind) {
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const kMd5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  static const EVP_MD* const kSha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  switch (kind) {
    case Hasher::Kind::kSha256:
      return kSha256;
    case Hasher::Kind::kMd5:
      return kMd5;
    case Hasher::Kind::kSha1:
      return kSha1;
  }
  return nullptr;
}

template <std::size_t kBytes>
std::array<std::byte, kBytes> digest_of(Hasher::Kind kind, std::span<const std::byte> message) {
  thread_local const DigestContext context(EVP_MD_CTX_new());
  std::array<std::byte, kBytes> digest;
  require(EVP_DigestInit_ex(context.get(), algorithm(kind), nullptr) == 1 &&
          EVP_DigestUpdate(context.get(), message.data(), message.size()) == 1 &&
          EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
  return digest;
}

MacContext make_hmac() {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  MacContext context(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);  // the context holds its own reference
  char name[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                   OSSL_PARAM_construct_end()};
  require(EVP_MAC_CTX_set_params(context.get(), parameters) == 1);
  return context;
}

int nibble(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<signed char, 256> kBase64Values = [] {
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[static_cast<unsigned char>(kBase64Digits[i])] = static_cast<signed char>(i);
  }
  return values;
}();

}  // namespace

Sha256Digest sha256(std::span<const std::byte> message) { return digest_of<32>(Hasher::Kind::kSha256, message); }

Md5Digest md5(std::span<const std::byte> message) { return digest_of<16>(Hasher::Kind::kMd5, message); }

Sha256Digest hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> message) {
  thread_local const MacContext context = make_hmac();
  // A null key would mean "the last one again".
  static constexpr unsigned char kEmptyKey[1] = {};
  const auto* key_data = key.empty() ? kEmptyKey : reinterpret_cast<const unsigned char*>(key.data());
  Sha256Digest digest;
  std::size_t written = 0;
  require(EVP_MAC_init(context.get(), key_data, key.size(), nullptr) == 1 &&
          EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1 &&
          EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(digest.data()), &written, digest.size()) == 1);
  return digest;
}

struct Hasher::State {
  Kind kind;
  DigestContext context{EVP_MD_CTX_new()};
};

Hasher::Hasher(Kind kind) : state_(std::make_unique<State>(State{kind})) {
  require(EVP_DigestInit_ex(state_->context.get(), algorithm(kind), nullptr) == 1);
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(std::span<const std::byte> piece) {
  require(EVP_DigestUpdate(state_->context.get(), piece.data(), piece.size()) == 1);
}

std::string Hasher::finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int bytes = 0;
  require(EVP_DigestFinal_ex(state_->context.get(), digest, &bytes) == 1 &&
          EVP_DigestInit_ex(state_->context.get(), algorithm(state_->kind), nullptr) == 1);
  return {reinterpret_cast<const char*>(digest), bytes};
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kHexDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kHexDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

std::optional<std::string> unhex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = nibble(text[i]);
    const int low = nibble(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string base64(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const auto at = [&](std::size_t k) { return k < left ? std::to_integer<unsigned>(bytes[i + k]) : 0U; };
    const unsigned group = at(0) << 16 | at(1) << 8 | at(2);
    text += kBase64Digits[group >> 18];
    text += kBase64Digits[group >> 12 & 63];
    text += left > 1 ? kBase64Digits[group >> 6 & 63] : '=';
    text += left > 2 ? kBase64Digits[group & 63] : '=';
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  unsigned group = 0;
  int bits = 0;
  for (const char digit : text) {
    const int value = kBase64Values[static_cast<unsigned char>(digit)];
    if (value < 0) return std::nullopt;
    group = (group << 6 | static_cast<unsigned>(value)) & 0xffffU;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits & 255);
    }
  }
  if ((group & ((1U << bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void random_bytes(std::span<std::byte> out) {
  require(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) == 1);
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  random_bytes(std::as_writable_bytes(std::span(raw)));
  return hex(bytes_of(raw));
}

}  // namespace millrace::http
