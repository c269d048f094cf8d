// AWS Signature Version 4 for S3, as pure functions: a request's signature is read from its Authorization field or from
// the query of a presigned URL, then checked with the secret that belongs to its access key; presign() makes such
// URLs. Looks nothing up and reads no clock.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/crypto.h"
#include "server/http/message.h"
#include "server/http/url.h"

namespace millrace::http::sigv4 {

inline constexpr std::int64_t kSkewMaxSeconds = 15 * 60;
inline constexpr std::int64_t kExpiresMaxSeconds = 7 * 24 * 3600;
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// Named after the error codes of S3, which every S3 client knows.
enum class Fault : std::uint8_t {
  kAuthorizationHeaderMalformed,
  kAuthorizationQueryParametersError,
  kMissingSecurityHeader,
  kAccessDenied,  // "Request has expired", or fields that should have been signed
  kRequestTimeTooSkewed,
  kInvalidAccessKeyId,  // for the caller, when it knows no such key
  kSignatureDoesNotMatch,
  kIncompleteBody,  // framing of a signed body (aws_chunked.h)
};

struct Failure {
  Fault fault;
  std::string message;
};
template <class T>
using Result = std::expected<T, Failure>;

// "SignatureDoesNotMatch", and the HTTP status that goes with it.
std::string_view code_of(Fault fault) noexcept;
int status_of(Fault fault) noexcept;

// What a request says about its signature.
struct Signature {
  bool presigned = false;
  std::string access_key;
  std::string date;  // YYYYMMDD
  std::string region;
  std::string service;
  std::vector<std::string> signed_fields;  // lower case, sorted; :authority for HTTP/2's Host
  std::string signature;                   // hexadecimal
  std::string time;                        // YYYYMMDDTHHMMSSZ
  std::int64_t time_seconds = 0;
  std::int64_t expires_seconds = 0;  // presigned only
  std::string session_token;
  std::string payload_hash;  // as the client names it: hexadecimal, UNSIGNED-PAYLOAD, STREAMING-...

  std::string scope() const { return date + "/" + region + "/" + service + "/aws4_request"; }
};

// Whether the request is meant for SigV4 at all, well-formed or not: what picks the S3 door.
bool is_signed(const Request& request);
// Signature Version 2, which old clients and some presigners still make: known only to be refused in words.
bool is_signed_by_version_2(const Request& request);
Result<Signature> read_signature(const Request& request);
// The time window first, then the signature, compared in constant time.
Result<void> verify(const Request& request, const Signature& signature, std::string_view secret_key,
                    std::int64_t now_seconds);

// The steps, for chunk signatures and for tests.
std::string canonical_request(const Request& request, const Signature& signature);
std::string string_to_sign(const Signature& signature, std::string_view canonical);
Sha256Digest signing_key(std::string_view secret_key, const Signature& signature);

struct PresignOptions {
  std::string_view method;  // "PUT"
  std::string_view origin;  // "https://host[:port]"
  std::string_view path;    // decoded, begins with '/'
  std::string_view access_key;
  std::string_view secret_key;
  std::string_view region = "us-east-1";
  std::int64_t expires_seconds = 3600;
  std::int64_t now_seconds = 0;
  Pairs query = {};                     // further parameters, decoded
  std::string_view session_token = {};  // of temporary keys
};

// Makes many URLs with one key, which is derived once. What the options refer to outlives it.
class Presigner {
 public:
  explicit Presigner(const PresignOptions& options);
  // The whole URL; `query` comes on top of what the options say, decoded.
  std::string url(Pairs query) const;

 private:
  PresignOptions options_;
  Signature signature_;
  Sha256Digest key_;
};

// The whole URL.
std::string presign(const PresignOptions& options);

}  // namespace millrace::http::sigv4
