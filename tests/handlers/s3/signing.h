// Requests as a client of S3 signs them, for asking a House.
#pragma once

#include <algorithm>
#include <string>

#include "server/http/crypto.h"
#include "server/http/date.h"
#include "server/http/sigv4.h"
#include "tests/handlers/house.h"

namespace millrace::handlers::s3 {

struct Key {
  std::string id;
  std::string secret;
  std::string token = {};
};

inline std::string amz_time(std::int64_t unix_ms) {
  std::string text = http::iso_time(unix_ms).substr(0, 19) + "Z";
  std::erase(text, '-');
  std::erase(text, ':');
  return text;
}

// The request with an Authorization field for it.
inline Ask signed_by(const Key& key, Ask ask, std::int64_t now_ms = media::system_clock_ms(), std::string hash = {}) {
  if (hash.empty()) hash = http::hex(http::sha256(http::bytes_of(ask.body)));
  ask.fields.emplace_back("x-amz-date", amz_time(now_ms));
  ask.fields.emplace_back("x-amz-content-sha256", hash);
  if (!key.token.empty()) ask.fields.emplace_back("x-amz-security-token", key.token);
  http::Request request;
  request.method_text = ask.method;
  request.target = ask.target;
  request.authority = "media.example:8080";
  http::sigv4::Signature signature;
  signature.time = amz_time(now_ms);
  signature.date = signature.time.substr(0, 8);
  signature.region = "us-east-1";
  signature.service = "s3";
  signature.payload_hash = hash;
  signature.signed_fields = {"host"};
  for (const auto& [name, value] : ask.fields) {
    request.fields.add(name, value);
    if (name.starts_with("x-amz-")) signature.signed_fields.push_back(name);
  }
  std::ranges::sort(signature.signed_fields);
  std::string names;
  for (const std::string& name : signature.signed_fields) names += (names.empty() ? "" : ";") + name;
  const std::string text = http::sigv4::string_to_sign(signature, http::sigv4::canonical_request(request, signature));
  const std::string proof =
      http::hex(http::hmac_sha256(http::sigv4::signing_key(key.secret, signature), http::bytes_of(text)));
  ask.fields.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=" + key.id + "/" + signature.scope() +
                                               ",SignedHeaders=" + names + ",Signature=" + proof);
  return ask;
}

inline Key key_of(const media::NewKey& made) { return {made.key.access_key_id, made.secret_access_key}; }

}  // namespace millrace::handlers::s3
