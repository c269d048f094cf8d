#include "handlers/s3/object_fields.h"

#include <algorithm>
#include <array>

#include "handlers/s3/checksum_names.h"
#include "server/http/crypto.h"
#include "server/http/date.h"
#include "server/http/url.h"
#include "server/rt/text.h"

namespace millrace::handlers::s3 {
namespace {

using media::Checksum;
using media::ChecksumAlgorithm;
using media::ObjectHeaders;

constexpr std::string_view kMetadataPrefix = "x-amz-meta-";
constexpr const char* kDefaultType = "binary/octet-stream";
constexpr std::array kAlgorithms = {
    ChecksumAlgorithm::kCrc32,   ChecksumAlgorithm::kCrc32c,    ChecksumAlgorithm::kCrc64Nvme,
    ChecksumAlgorithm::kSha1,    ChecksumAlgorithm::kSha256,    ChecksumAlgorithm::kXxhash64,
    ChecksumAlgorithm::kXxhash3, ChecksumAlgorithm::kXxhash128, ChecksumAlgorithm::kMd5};

struct Kept {
  std::string_view field;
  std::string ObjectHeaders::* member;
};

constexpr std::array kKept = {
    Kept{"content-type", &ObjectHeaders::content_type},
    Kept{"cache-control", &ObjectHeaders::cache_control},
    Kept{"content-disposition", &ObjectHeaders::content_disposition},
    Kept{"content-language", &ObjectHeaders::content_language},
    Kept{"expires", &ObjectHeaders::expires},
    Kept{"x-amz-website-redirect-location", &ObjectHeaders::website_redirect},
};

// Content-Encoding without aws-chunked, which is the way the bytes came and not what they are.
std::string kept_encoding(std::string_view field) {
  std::string kept;
  while (!field.empty()) {
    const std::size_t comma = std::min(field.find(','), field.size());
    const std::string_view token = rt::trimmed(field.substr(0, comma));
    field.remove_prefix(std::min(comma + 1, field.size()));
    if (token.empty() || token == "aws-chunked") continue;
    if (!kept.empty()) kept += ",";
    kept += token;
  }
  return kept;
}

std::string shown(const Checksum& checksum, std::size_t part_count) {
  const std::string text = http::base64(http::bytes_of(checksum.value));
  return checksum.composite ? text + "-" + std::to_string(part_count) : text;
}

std::string_view type_of(const Checksum& checksum) { return checksum.composite ? "COMPOSITE" : "FULL_OBJECT"; }

void add_if(http::Fields& fields, std::string_view name, const std::string& value) {
  if (!value.empty()) fields.add(name, value);
}

}  // namespace

ObjectHeaders headers_of(const http::Request& request) {
  ObjectHeaders headers;
  for (const Kept& kept : kKept) headers.*kept.member = request.fields.get(kept.field).value_or("");
  headers.content_encoding = kept_encoding(request.fields.get("content-encoding").value_or(""));
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    const auto [name, value] = request.fields[i];
    if (!name.starts_with(kMetadataPrefix)) continue;
    std::string& place = headers.metadata[std::string(name.substr(kMetadataPrefix.size()))];
    if (!place.empty()) place += ",";
    place += value;
  }
  return headers;
}

Result<media::Tags> tags_of(const http::Request& request) {
  const auto field = request.fields.get("x-amz-tagging");
  media::Tags tags;
  if (!field) return tags;
  const auto pairs = http::parse_query(*field, /*plus_is_space=*/true);
  if (!pairs)
    return refuse(reasons::kInvalidArgument, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded.");
  for (const auto& [name, value] : *pairs) {
    if (!tags.emplace(name, value).second) {
      return refuse(reasons::kInvalidTag, "Cannot provide multiple Tags with the same key");
    }
  }
  return tags;
}

Result<media::WriteCondition> condition_of(const http::Request& request) {
  media::WriteCondition condition;
  condition.if_match = bare_etag(request.fields.get("if-match").value_or(""));
  condition.if_none_match = bare_etag(request.fields.get("if-none-match").value_or(""));
  if (condition.if_none_match.empty() || condition.if_none_match == "*") return condition;
  return refuse(reasons::kNotImplemented, "If-None-Match of a write must be *");
}

Result<std::optional<ChecksumAlgorithm>> algorithm_of(const http::Request& request, std::string_view field) {
  const auto word = request.fields.get(field);
  if (!word) return std::nullopt;
  const auto algorithm = algorithm_named(*word);
  if (!algorithm) return refuse(reasons::kInvalidRequest, "Checksum algorithm provided is unsupported.");
  return algorithm;
}

std::string quoted_etag(std::string_view etag) { return "\"" + std::string(etag) + "\""; }

std::string_view bare_etag(std::string_view etag) {
  etag = rt::trimmed(etag);
  if (etag.size() < 2 || !etag.starts_with('"') || !etag.ends_with('"')) return etag;
  return etag.substr(1, etag.size() - 2);
}

void add_object_fields(http::Fields& fields, const media::BucketObject& object) {
  fields.add("etag", quoted_etag(object.etag));
  fields.add("last-modified", http::http_date(object.modified_ms / 1000));
  fields.add("accept-ranges", "bytes");
  fields.add("content-type", object.headers.content_type.empty() ? kDefaultType : object.headers.content_type);
  for (const Kept& kept : kKept) {
    if (kept.field != "content-type") add_if(fields, kept.field, object.headers.*kept.member);
  }
  add_if(fields, "content-encoding", object.headers.content_encoding);
  for (const auto& [name, value] : object.headers.metadata) fields.add(std::string(kMetadataPrefix) + name, value);
  if (!object.tags.empty()) fields.add("x-amz-tagging-count", std::to_string(object.tags.size()));
  if (object.part_count > 0) fields.add("x-amz-mp-parts-count", std::to_string(object.part_count));
  // What was uploaded as a picture must not become a script.
  fields.add("x-content-type-options", "nosniff");
}

void add_checksum_fields(http::Fields& fields, const std::vector<Checksum>& checksums, std::size_t part_count) {
  for (const Checksum& checksum : checksums) {
    fields.add(checksum_field(checksum.algorithm), shown(checksum, part_count));
  }
  if (!checksums.empty()) fields.add("x-amz-checksum-type", type_of(checksums.front()));
}

void write_checksums(http::XmlWriter& xml, const std::vector<Checksum>& checksums, std::size_t part_count,
                     bool with_type) {
  for (const Checksum& checksum : checksums) {
    xml.element("Checksum" + std::string(word(checksum.algorithm)), shown(checksum, part_count));
  }
  if (with_type && !checksums.empty()) xml.element("ChecksumType", type_of(checksums.front()));
}

Result<std::vector<Checksum>> read_checksums(const http::Xml& element) {
  std::vector<Checksum> checksums;
  for (const ChecksumAlgorithm algorithm : kAlgorithms) {
    const auto text = element.text("Checksum" + std::string(word(algorithm)));
    if (!text) continue;
    const auto raw = http::base64_decode(*text);
    if (!raw || raw->size() != media::digest_bytes(algorithm)) {
      return refuse(reasons::kInvalidRequest,
                    "The value of the checksum " + std::string(word(algorithm)) + " is invalid.");
    }
    checksums.push_back({algorithm, *raw});
  }
  return checksums;
}

}  // namespace millrace::handlers::s3
