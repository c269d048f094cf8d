#include "server/http/sigv4.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "server/http/date.h"
#include "server/rt/text.h"

namespace millrace::http::sigv4 {
namespace {

using rt::trimmed;

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kSignatureDigits = 64;
constexpr std::size_t kSignedFieldsMax = 64;

std::unexpected<Failure> fault(Fault kind, std::string message) {
  return std::unexpected(Failure{kind, std::move(message)});
}

// Cuts off what stands before the next `separator`.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view head = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return head;
}

// "20130524T000000Z" in seconds since 1970.
std::optional<std::int64_t> seconds_of(std::string_view time) {
  using namespace std::chrono;
  if (time.size() != 16 || time[8] != 'T' || time[15] != 'Z') return std::nullopt;
  const auto y = rt::whole_number<unsigned>(time.substr(0, 4));
  const auto m = rt::whole_number<unsigned>(time.substr(4, 2));
  const auto d = rt::whole_number<unsigned>(time.substr(6, 2));
  const auto hour = rt::whole_number<unsigned>(time.substr(9, 2));
  const auto minute = rt::whole_number<unsigned>(time.substr(11, 2));
  const auto second = rt::whole_number<unsigned>(time.substr(13, 2));
  if (!y || !m || !d || !hour || !minute || !second) return std::nullopt;
  const year_month_day day(year(static_cast<int>(*y)), month(*m), std::chrono::day(*d));
  if (!day.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return duration_cast<seconds>((sys_days(day) + hours(*hour) + minutes(*minute) + seconds(*second)).time_since_epoch())
      .count();
}

std::string time_text(std::int64_t unix_seconds) {
  using namespace std::chrono;
  const sys_seconds time{seconds(unix_seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  const auto pad = [](std::int64_t value, std::size_t width) {
    std::string digits = std::to_string(value);
    return std::string(width - std::min(width, digits.size()), '0') + digits;
  };
  return pad(static_cast<int>(date.year()), 4) + pad(static_cast<unsigned>(date.month()), 2) +
         pad(static_cast<unsigned>(date.day()), 2) + "T" + pad(clock.hours().count(), 2) +
         pad(clock.minutes().count(), 2) + pad(clock.seconds().count(), 2) + "Z";
}

// access-key/date/region/service/aws4_request
bool read_credential(std::string_view text, Signature& signature) {
  // An access key may not contain '/', so the scope is what follows the first.
  signature.access_key = take_until(text, '/');
  signature.date = take_until(text, '/');
  signature.region = take_until(text, '/');
  signature.service = take_until(text, '/');
  return text == "aws4_request" && !signature.access_key.empty() && signature.date.size() == 8 &&
         !signature.service.empty();
}

// Some clients sign the pseudo-field of HTTP/2 that stands in for Host (RFC 9113, 8.3.1).
bool names_authority(std::string_view name) { return name == "host" || name == ":authority"; }

bool read_signed_fields(std::string_view text, Signature& signature) {
  while (!text.empty()) {
    signature.signed_fields.emplace_back(take_until(text, ';'));
    if (signature.signed_fields.size() > kSignedFieldsMax) return false;
  }
  const auto& names = signature.signed_fields;
  return std::ranges::is_sorted(names) && std::ranges::adjacent_find(names) == names.end() &&
         std::ranges::any_of(names, names_authority);
}

bool is_signature(std::string_view text) {
  return text.size() == kSignatureDigits &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Every x-amz- field that was sent must be signed, or someone on the way could add one.
bool leaves_amz_unsigned(const Request& request, const Signature& signature) {
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    const std::string_view name = request.fields[i].name;
    const bool harmless = signature.presigned && name == "x-amz-content-sha256";
    if (name.starts_with("x-amz-") && !harmless && !std::ranges::binary_search(signature.signed_fields, name)) {
      return true;
    }
  }
  return false;
}

std::optional<std::string_view> parameter(const Pairs& query, std::string_view name) {
  const auto found = std::ranges::find(query, name, &Pairs::value_type::first);
  if (found == query.end()) return std::nullopt;
  return found->second;
}

Result<Signature> read_authorization(const Request& request, std::string_view text) {
  const auto malformed = [](std::string_view what) {
    return fault(Fault::kAuthorizationHeaderMalformed, "The authorization header is malformed; " + std::string(what));
  };
  Signature signature;
  text.remove_prefix(kAlgorithm.size());
  bool has_credential = false;
  bool has_fields = false;
  while (!trimmed(text).empty()) {
    std::string_view part = trimmed(take_until(text, ','));
    const std::string_view name = take_until(part, '=');
    if (name == "Credential") has_credential = read_credential(part, signature);
    if (name == "SignedHeaders") has_fields = read_signed_fields(part, signature);
    if (name == "Signature") signature.signature = part;
  }
  if (!has_credential) return malformed("the Credential is mal-formed");
  if (!has_fields) return malformed("SignedHeaders must be sorted and name host");
  if (!is_signature(signature.signature)) return malformed("the Signature is mal-formed");
  const auto amz_date = request.fields.get("x-amz-date");
  const auto date = request.fields.get("date");
  if (amz_date) {
    const auto seconds = seconds_of(*amz_date);
    if (!seconds) return fault(Fault::kAccessDenied, "AWS authentication requires a valid Date or x-amz-date header");
    signature.time = *amz_date;
    signature.time_seconds = *seconds;
  } else {
    const auto seconds = date ? parse_http_date(*date) : std::nullopt;
    if (!seconds) return fault(Fault::kAccessDenied, "AWS authentication requires a valid Date or x-amz-date header");
    signature.time = time_text(*seconds);
    signature.time_seconds = *seconds;
  }
  const auto hash = request.fields.get("x-amz-content-sha256");
  if (!hash) {
    return fault(Fault::kMissingSecurityHeader, "Your request was missing a required header: x-amz-content-sha256");
  }
  signature.payload_hash = *hash;
  signature.session_token = request.fields.get("x-amz-security-token").value_or("");
  return signature;
}

Result<Signature> read_query(const Request& request, const Pairs& query) {
  const auto bad = [](std::string_view what) {
    return fault(Fault::kAuthorizationQueryParametersError, std::string(what));
  };
  Signature signature;
  signature.presigned = true;
  const auto credential = parameter(query, "X-Amz-Credential");
  const auto time = parameter(query, "X-Amz-Date");
  const auto expires = parameter(query, "X-Amz-Expires");
  const auto names = parameter(query, "X-Amz-SignedHeaders");
  const auto value = parameter(query, "X-Amz-Signature");
  if (!credential || !time || !expires || !names || !value || !parameter(query, "X-Amz-Algorithm")) {
    return bad(
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
        "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
  }
  if (parameter(query, "X-Amz-Algorithm") != kAlgorithm) {
    return bad("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
  }
  if (!read_credential(*credential, signature)) return bad("Error parsing the X-Amz-Credential parameter");
  const auto seconds = seconds_of(*time);
  if (!seconds) return bad("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  const auto lifetime = rt::whole_number<unsigned>(*expires);
  if (!lifetime) return bad("X-Amz-Expires should be a number");
  if (*lifetime > kExpiresMaxSeconds) return bad("X-Amz-Expires must be less than a week (in seconds)");
  if (*lifetime == 0) return bad("X-Amz-Expires must be positive");
  if (!read_signed_fields(*names, signature)) return bad("X-Amz-SignedHeaders must be sorted and name host");
  if (!is_signature(*value)) return fault(Fault::kSignatureDoesNotMatch, "the signature is no SHA-256 in hexadecimal");
  signature.signature = *value;
  signature.time = *time;
  signature.time_seconds = *seconds;
  signature.expires_seconds = *lifetime;
  signature.session_token = parameter(query, "X-Amz-Security-Token").value_or("");
  signature.payload_hash = parameter(query, "X-Amz-Content-Sha256").value_or(kUnsignedPayload);
  const bool hash_signed = std::ranges::binary_search(signature.signed_fields, "x-amz-content-sha256");
  if (hash_signed) signature.payload_hash = request.fields.get("x-amz-content-sha256").value_or("");
  return signature;
}

// The path decoded once and encoded once, never normalised; a broken encoding stays as it is and will not match.
std::string canonical_path(std::string_view path) {
  const auto decoded = percent_decode(path);
  return decoded ? percent_encode(*decoded, /*keep_slash=*/true) : std::string(path);
}

std::string canonical_query(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query) {
    if (name != "X-Amz-Signature") encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) {
    if (!text.empty()) text += '&';
    text.append(name).append("=").append(value);
  }
  return text;
}

// All values of that name, joined by commas, runs of spaces made one.
std::string canonical_value(const Request& request, std::string_view name) {
  if (names_authority(name) && !request.authority.empty()) return request.authority;
  std::string text;
  bool first = true;
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    if (request.fields[i].name != name) continue;
    if (!std::exchange(first, false)) text += ',';
    for (const char c : trimmed(request.fields[i].value)) {
      if (c != ' ' || !text.ends_with(' ')) text += c;
    }
  }
  return text;
}

std::string signature_of(const Sha256Digest& key, const Signature& signature, std::string_view canonical) {
  return hex(hmac_sha256(key, bytes_of(string_to_sign(signature, canonical))));
}

Result<void> check_time(const Signature& signature, std::int64_t now) {
  if (signature.date != signature.time.substr(0, 8)) {
    return fault(signature.presigned ? Fault::kAuthorizationQueryParametersError : Fault::kAuthorizationHeaderMalformed,
                 "the date of the Credential is not the date of the request");
  }
  if (!signature.presigned) {
    if (std::abs(now - signature.time_seconds) <= kSkewMaxSeconds) return {};
    return fault(Fault::kRequestTimeTooSkewed,
                 "The difference between the request time and the current time is too large.");
  }
  if (signature.time_seconds > now + kSkewMaxSeconds) return fault(Fault::kAccessDenied, "Request is not yet valid");
  if (now > signature.time_seconds + signature.expires_seconds) {
    return fault(Fault::kAccessDenied, "Request has expired");
  }
  return {};
}

}  // namespace

std::string_view code_of(Fault kind) noexcept {
  switch (kind) {
    case Fault::kAuthorizationHeaderMalformed:
      return "AuthorizationHeaderMalformed";
    case Fault::kAuthorizationQueryParametersError:
      return "AuthorizationQueryParametersError";
    case Fault::kMissingSecurityHeader:
      return "MissingSecurityHeader";
    case Fault::kAccessDenied:
      return "AccessDenied";
    case Fault::kRequestTimeTooSkewed:
      return "RequestTimeTooSkewed";
    case Fault::kInvalidAccessKeyId:
      return "InvalidAccessKeyId";
    case Fault::kSignatureDoesNotMatch:
      return "SignatureDoesNotMatch";
    case Fault::kIncompleteBody:
      return "IncompleteBody";
  }
  return "AccessDenied";
}

int status_of(Fault kind) noexcept {
  const bool malformed = kind == Fault::kAuthorizationHeaderMalformed ||
                         kind == Fault::kAuthorizationQueryParametersError || kind == Fault::kMissingSecurityHeader ||
                         kind == Fault::kIncompleteBody;
  return malformed ? 400 : 403;
}

bool is_signed(const Request& request) {
  const auto authorization = request.fields.get("authorization");
  if (authorization && authorization->starts_with(kAlgorithm)) return true;
  const std::string_view query = request.query();
  return query.starts_with("X-Amz-Signature=") || query.contains("&X-Amz-Signature=");
}

bool is_signed_by_version_2(const Request& request) {
  if (request.fields.get("authorization").value_or("").starts_with("AWS ")) return true;
  const std::string_view query = request.query();
  const auto has = [&](std::string_view name) {
    return query.starts_with(name) || query.contains("&" + std::string(name));
  };
  return has("AWSAccessKeyId=") && has("Signature=");
}

Result<Signature> read_signature(const Request& request) {
  const auto query = parse_query(request.query());
  if (!query) return fault(Fault::kAuthorizationQueryParametersError, "the query is not valid percent-encoding");
  const auto authorization = request.fields.get("authorization");
  const bool by_field = authorization && authorization->starts_with(kAlgorithm);
  if (by_field && parameter(*query, "X-Amz-Signature")) {
    return fault(Fault::kAuthorizationQueryParametersError, "Only one auth mechanism allowed");
  }
  auto signature = by_field ? read_authorization(request, *authorization) : read_query(request, *query);
  if (signature && leaves_amz_unsigned(request, *signature)) {
    return fault(Fault::kAccessDenied, "There were headers present in the request which were not signed");
  }
  return signature;
}

Result<void> verify(const Request& request, const Signature& signature, std::string_view secret_key,
                    std::int64_t now_seconds) {
  if (auto timely = check_time(signature, now_seconds); !timely) return timely;
  const std::string expected =
      signature_of(signing_key(secret_key, signature), signature, canonical_request(request, signature));
  if (constant_time_equal(expected, signature.signature)) return {};
  return fault(Fault::kSignatureDoesNotMatch,
               "The request signature we calculated does not match the signature you provided. Check your key and "
               "signing method.");
}

std::string canonical_request(const Request& request, const Signature& signature) {
  std::string text = request.method_text + "\n" + canonical_path(request.path()) + "\n";
  text += canonical_query(parse_query(request.query()).value_or(Pairs())) + "\n";
  std::string names;
  for (const std::string& name : signature.signed_fields) {
    text += name + ":" + canonical_value(request, name) + "\n";
    if (!names.empty()) names += ';';
    names += name;
  }
  return text + "\n" + names + "\n" + signature.payload_hash;
}

std::string string_to_sign(const Signature& signature, std::string_view canonical) {
  std::string text(kAlgorithm);
  return text.append("\n")
      .append(signature.time)
      .append("\n")
      .append(signature.scope())
      .append("\n")
      .append(hex(sha256(bytes_of(canonical))));
}

Sha256Digest signing_key(std::string_view secret_key, const Signature& signature) {
  const Sha256Digest date = hmac_sha256(bytes_of("AWS4" + std::string(secret_key)), bytes_of(signature.date));
  const Sha256Digest region = hmac_sha256(date, bytes_of(signature.region));
  const Sha256Digest service = hmac_sha256(region, bytes_of(signature.service));
  return hmac_sha256(service, bytes_of("aws4_request"));
}

Presigner::Presigner(const PresignOptions& options) : options_(options) {
  signature_.presigned = true;
  signature_.access_key = options.access_key;
  signature_.time = time_text(options.now_seconds);
  signature_.date = signature_.time.substr(0, 8);
  signature_.region = options.region;
  signature_.service = "s3";
  signature_.signed_fields = {"host"};
  signature_.payload_hash = kUnsignedPayload;
  key_ = signing_key(options.secret_key, signature_);
}

std::string Presigner::url(Pairs query) const {
  query.insert(query.end(), options_.query.begin(), options_.query.end());
  query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  query.emplace_back("X-Amz-Credential", signature_.access_key + "/" + signature_.scope());
  query.emplace_back("X-Amz-Date", signature_.time);
  query.emplace_back("X-Amz-Expires", std::to_string(options_.expires_seconds));
  query.emplace_back("X-Amz-SignedHeaders", "host");
  if (!options_.session_token.empty()) query.emplace_back("X-Amz-Security-Token", options_.session_token);

  Request request;
  request.method_text = options_.method;
  request.target = percent_encode(options_.path, /*keep_slash=*/true) + "?" + canonical_query(query);
  request.authority = options_.origin.substr(options_.origin.find("://") + 3);
  const std::string proof = signature_of(key_, signature_, canonical_request(request, signature_));
  return std::string(options_.origin) + request.target + "&X-Amz-Signature=" + proof;
}

std::string presign(const PresignOptions& options) { return Presigner(options).url({}); }

}  // namespace millrace::http::sigv4
