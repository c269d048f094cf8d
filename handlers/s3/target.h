// What an S3 request is about: the bucket and the key in its path, or the bucket in its host, and its query.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "handlers/s3/refusal.h"
#include "handlers/services.h"
#include "server/http/message.h"
#include "server/http/url.h"

namespace millrace::handlers::s3 {

struct Target {
  std::string bucket;  // empty: the service itself
  std::string key;     // empty: the bucket itself
  http::Pairs query;

  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::string value(std::string_view name) const { return find(name) ? *find(name) : std::string(); }
  std::optional<std::string> maybe(std::string_view name) const {
    return find(name) ? std::optional(*find(name)) : std::nullopt;
  }

 private:
  const std::string* find(std::string_view name) const;
};

// The bucket that a host of virtual-host style names: BUCKET.HOST for the configured hosts, BUCKET.s3.ANYTHING and
// BUCKET.localhost without. Empty for path style.
std::string bucket_of_host(const Settings& settings, std::string_view authority);

// InvalidURI for a broken encoding, KeyTooLongError.
Result<Target> read_target(const Settings& settings, const http::Request& request);

// "/BUCKET/KEY?versionId=null", percent-encoded: what x-amz-copy-source holds. The bucket and key of it.
Result<Target> read_copy_source(std::string_view field);

}  // namespace millrace::handlers::s3
