// A self-signed certificate for development, made when its directory has none. Not for the outside world.
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <memory>

#include "server/net/tls.h"

namespace millrace::net {
namespace {

constexpr long kValidSeconds = 825L * 24 * 3600;  // the longest that browsers accept

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

bool add_extension(X509* certificate, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  if (!extension) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

Certificate make_certificate(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial));
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kValidSeconds);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const bool fine = add_extension(certificate.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
                    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE") &&
                    X509_sign(certificate.get(), key, EVP_sha256()) > 0;
  return fine ? std::move(certificate) : nullptr;
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(bytes)};
}

// Written beside and renamed, so that nobody ever reads half a file.
rt::Status write_file(const std::filesystem::path& path, const std::string& text, int mode) {
  const std::string fresh = path.string() + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  bool fine = descriptor >= 0 && ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (descriptor >= 0) fine = ::close(descriptor) == 0 && fine;
  fine = fine && ::rename(fresh.c_str(), path.c_str()) == 0;
  if (!fine) return rt::fail(rt::Code::kIo, "cannot write " + path.string());
  return {};
}

}  // namespace

rt::Result<TlsFiles> development_certificate(const std::filesystem::path& directory) {
  TlsFiles files{directory / "tls-certificate.pem", directory / "tls-key.pem"};
  std::error_code ignored;
  if (std::filesystem::exists(files.certificate, ignored) && std::filesystem::exists(files.key, ignored)) return files;
  std::filesystem::create_directories(directory, ignored);
  Key key(EVP_EC_gen("P-256"));
  Certificate certificate = key ? make_certificate(key.get()) : nullptr;
  Memory key_text(BIO_new(BIO_s_mem()));
  Memory certificate_text(BIO_new(BIO_s_mem()));
  if (!certificate || PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    ERR_clear_error();
    return rt::fail(rt::Code::kInternal, "cannot make a self-signed certificate");
  }
  rt::Status written = write_file(files.key, text_of(key_text.get()), 0600);
  if (written) written = write_file(files.certificate, text_of(certificate_text.get()), 0644);
  if (!written) return rt::pass(written);
  return files;
}

}  // namespace millrace::net
