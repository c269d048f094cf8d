#include "handlers/s3/listings.h"

#include <algorithm>

#include "handlers/s3/acl.h"
#include "handlers/s3/envelope.h"
#include "handlers/s3/object_fields.h"
#include "media/buckets/buckets.h"
#include "server/http/crypto.h"
#include "server/http/date.h"
#include "server/http/url.h"
#include "server/rt/text.h"

namespace millrace::handlers::s3 {
namespace {

using http::XmlWriter;
using media::BucketObject;
using media::ObjectPage;

struct Listing {
  media::KeyListing keys;
  bool url_encoded = false;
  ObjectPage page;

  std::string shown(std::string_view key) const { return shown_key(key, url_encoded); }
};

// The list that prefix, delimiter and max-keys describe, behind `after`.
rt::Task<Result<Listing>> read_page(const Call& call, std::string after) {
  Listing listing;
  const auto limit = page_limit(call.target, "max-keys");
  if (!limit) co_return std::unexpected(limit.error());
  const auto encoded = wants_url_encoding(call.target);
  if (!encoded) co_return std::unexpected(encoded.error());
  listing.keys = {call.target.value("prefix"), call.target.value("delimiter"), std::move(after), *limit};
  listing.url_encoded = *encoded;
  if (*limit == 0) {
    auto bucket = co_await call.services.buckets.get(call.tenant(), call.target.bucket);
    if (!bucket) co_return pass(bucket);
    co_return listing;
  }
  auto page = co_await call.services.buckets.list_objects(call.tenant(), call.target.bucket, listing.keys);
  if (!page) co_return pass(page);
  listing.page = std::move(*page);
  co_return listing;
}

void write_head(XmlWriter& xml, const Call& call, const Listing& listing) {
  xml.element("Name", call.target.bucket).element("Prefix", listing.shown(listing.keys.prefix));
  if (!listing.keys.delimiter.empty()) xml.element("Delimiter", listing.shown(listing.keys.delimiter));
  xml.element("MaxKeys", listing.keys.limit).element("IsTruncated", listing.page.more);
  if (listing.url_encoded) xml.element("EncodingType", "url");
}

void write_object(XmlWriter& xml, const Listing& listing, const BucketObject& object) {
  xml.element("Key", listing.shown(object.key)).element("LastModified", http::iso_time(object.modified_ms));
  xml.element("ETag", quoted_etag(object.etag));
  for (const media::Checksum& checksum : object.checksums) {
    xml.element("ChecksumAlgorithm", media::word(checksum.algorithm));
  }
  if (!object.checksums.empty()) {
    xml.element("ChecksumType", object.checksums.front().composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  xml.element("Size", object.size_bytes).element("StorageClass", "STANDARD");
}

void write_contents(XmlWriter& xml, const Call& call, const Listing& listing, bool with_owner) {
  for (const BucketObject& object : listing.page.objects) {
    xml.begin("Contents");
    write_object(xml, listing, object);
    if (with_owner) write_owner(xml, call.tenant());
    xml.end();
  }
}

void write_prefixes(XmlWriter& xml, const Listing& listing) {
  for (const std::string& prefix : listing.page.common_prefixes) {
    xml.begin("CommonPrefixes").element("Prefix", listing.shown(prefix)).end();
  }
}

// A continuation token is the place to go on from, in hexadecimal so that it is opaque and fits a query.
Result<std::string> place_of_token(const std::string& token) {
  auto place = http::unhex(token);
  if (!place) return refuse(reasons::kInvalidArgument, "The continuation token provided is incorrect");
  return std::move(*place);
}

}  // namespace

Result<std::size_t> page_limit(const Target& target, std::string_view parameter, std::size_t max) {
  const std::string text = target.value(parameter);
  if (text.empty()) return max;
  const auto limit = rt::whole_number<std::uint64_t>(text);
  if (!limit) {
    return refuse(reasons::kInvalidArgument,
                  "Provided " + std::string(parameter) + " not an integer or within integer range");
  }
  return static_cast<std::size_t>(std::min<std::uint64_t>(*limit, max));
}

Result<bool> wants_url_encoding(const Target& target) {
  const auto type = target.maybe("encoding-type");
  if (!type || type->empty()) return false;
  if (*type == "url") return true;
  return refuse(reasons::kInvalidArgument, "Invalid Encoding Method specified in Request");
}

std::string shown_key(std::string_view key, bool url_encoded) {
  return url_encoded ? http::percent_encode(key, /*keep_slash=*/true) : std::string(key);
}

Answer list_objects_v1(const Call& call) {
  const std::string marker = call.target.value("marker");
  const auto listing = co_await read_page(call, marker);
  if (!listing) co_return std::unexpected(listing.error());
  XmlWriter xml("ListBucketResult", kNamespace);
  write_head(xml, call, *listing);
  xml.element("Marker", listing->shown(marker));
  if (listing->page.more) xml.element("NextMarker", listing->shown(listing->page.next));
  write_contents(xml, call, *listing, /*with_owner=*/true);
  write_prefixes(xml, *listing);
  co_return xml_response(xml);
}

Answer list_objects_v2(const Call& call) {
  const auto token = call.target.maybe("continuation-token");
  if (call.target.value("list-type") != "2") {
    co_return refuse(reasons::kInvalidArgument, "list-type must be 2");
  }
  auto place = token ? place_of_token(*token) : Result<std::string>(call.target.value("start-after"));
  if (!place) co_return pass(place);
  const auto listing = co_await read_page(call, std::move(*place));
  if (!listing) co_return std::unexpected(listing.error());
  XmlWriter xml("ListBucketResult", kNamespace);
  write_head(xml, call, *listing);
  xml.element("KeyCount", listing->page.objects.size() + listing->page.common_prefixes.size());
  xml.element_if("ContinuationToken", token);
  if (const auto after = call.target.maybe("start-after")) xml.element("StartAfter", listing->shown(*after));
  if (listing->page.more) {
    xml.element("NextContinuationToken", http::hex(http::bytes_of(listing->page.next)));
  }
  write_contents(xml, call, *listing, call.target.value("fetch-owner") == "true");
  write_prefixes(xml, *listing);
  co_return xml_response(xml);
}

Answer list_versions(const Call& call) {
  const std::string marker = call.target.value("key-marker");
  const auto listing = co_await read_page(call, marker);
  if (!listing) co_return std::unexpected(listing.error());
  XmlWriter xml("ListVersionsResult", kNamespace);
  write_head(xml, call, *listing);
  xml.element("KeyMarker", listing->shown(marker)).element("VersionIdMarker", call.target.value("version-id-marker"));
  if (listing->page.more) {
    xml.element("NextKeyMarker", listing->shown(listing->page.next)).element("NextVersionIdMarker", "null");
  }
  for (const BucketObject& object : listing->page.objects) {
    xml.begin("Version");
    write_object(xml, *listing, object);
    xml.element("VersionId", "null").element("IsLatest", true);
    write_owner(xml, call.tenant());
    xml.end();
  }
  write_prefixes(xml, *listing);
  co_return xml_response(xml);
}

}  // namespace millrace::handlers::s3
