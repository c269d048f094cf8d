#include "handlers/s3/multipart.h"

#include "handlers/endpoint.h"
#include "handlers/links.h"
#include "handlers/s3/acl.h"
#include "handlers/s3/checksum_names.h"
#include "handlers/s3/envelope.h"
#include "handlers/s3/listings.h"
#include "handlers/s3/object_fields.h"
#include "handlers/s3/payload.h"
#include "media/buckets/multiparts.h"
#include "server/http/crypto.h"
#include "server/http/date.h"
#include "server/http/url.h"
#include "server/rt/text.h"

namespace millrace::handlers::s3 {
namespace {

using http::Response;
using http::XmlWriter;
using media::Multipart;

// 10,000 parts, each with a number, an ETag and two checksums.
constexpr std::size_t kCompleteBytesMax = 3 * 1024 * 1024;

Result<std::optional<bool>> composite_of(const http::Request& request) {
  const auto type = request.fields.get("x-amz-checksum-type");
  if (!type) return std::nullopt;
  if (*type == "COMPOSITE") return true;
  if (*type == "FULL_OBJECT") return false;
  return refuse(reasons::kInvalidRequest, "x-amz-checksum-type must be COMPOSITE or FULL_OBJECT.");
}

Result<media::NewMultipart> new_multipart(const Call& call) {
  auto tags = tags_of(call.request());
  if (!tags) return pass(tags);
  const auto algorithm = algorithm_of(call.request(), "x-amz-checksum-algorithm");
  if (!algorithm) return std::unexpected(algorithm.error());
  const auto composite = composite_of(call.request());
  if (!composite) return std::unexpected(composite.error());
  if (*composite && !*algorithm) {
    return refuse(reasons::kInvalidRequest, "x-amz-checksum-type needs x-amz-checksum-algorithm.");
  }
  media::NewMultipart wanted{call.tenant(), call.target.bucket, call.target.key, headers_of(call.request())};
  wanted.tags = std::move(*tags);
  wanted.algorithm = *algorithm;
  wanted.composite = *composite;
  return wanted;
}

Result<std::vector<media::NamedPart>> read_parts(const http::Xml& document) {
  std::vector<media::NamedPart> parts;
  for (const http::Xml& part : document.children("Part")) {
    const auto number = rt::whole_number<std::uint32_t>(part.text("PartNumber").value_or(""));
    const auto etag = part.text("ETag");
    if (!number || !etag) return refuse(reasons::kMalformedXml, "A Part needs a PartNumber and an ETag.");
    auto checksums = read_checksums(part);
    if (!checksums) return pass(checksums);
    parts.push_back({*number, std::string(bare_etag(*etag)), std::move(*checksums)});
    if (parts.size() > media::kPartsMax) return refuse(reasons::kMalformedXml, "There are at most 10000 parts.");
  }
  if (parts.empty()) return refuse(reasons::kMalformedXml, "You must specify at least one part");
  return parts;
}

// The checksum of the whole object that the client expects.
Result<std::optional<media::Checksum>> expected_checksum(const http::Request& request) {
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    const auto [name, value] = request.fields[i];
    if (!name.starts_with(kChecksumPrefix)) continue;
    const auto algorithm = algorithm_named(name.substr(kChecksumPrefix.size()));
    if (!algorithm) continue;
    const std::size_t dash = value.find('-');
    const auto raw = http::base64_decode(value.substr(0, dash));
    if (!raw || raw->size() != media::digest_bytes(*algorithm)) {
      return refuse(reasons::kInvalidRequest, "Value for " + std::string(name) + " header is invalid.");
    }
    return media::Checksum{*algorithm, *raw, dash != std::string_view::npos};
  }
  return std::nullopt;
}

Result<media::CompleteMultipart> read_completion(const Call& call, const std::string& text) {
  const auto document = http::Xml::parse(text, "CompleteMultipartUpload");
  if (!document) return refuse(reasons::kMalformedXml, document.error().message);
  auto parts = read_parts(*document);
  if (!parts) return pass(parts);
  auto checksum = expected_checksum(call.request());
  if (!checksum) return pass(checksum);
  auto condition = condition_of(call.request());
  if (!condition) return pass(condition);
  media::CompleteMultipart completion{std::move(*parts), std::move(*checksum), std::nullopt, std::move(*condition)};
  if (const std::string size = call.field("x-amz-mp-object-size"); !size.empty()) {
    completion.size_bytes = rt::whole_number<std::uint64_t>(size);
    if (!completion.size_bytes) return refuse(reasons::kInvalidArgument, "x-amz-mp-object-size is no number.");
  }
  return completion;
}

std::string location_of(const Call& call) {
  return base_url(call.services.settings, call.request()) + "/" + call.target.bucket + "/" +
         http::percent_encode(call.target.key, /*keep_slash=*/true);
}

void write_multipart(XmlWriter& xml, const Multipart& multipart, bool url_encoded) {
  xml.begin("Upload").element("Key", shown_key(multipart.ref.key, url_encoded));
  xml.element("UploadId", multipart.ref.id);
  write_owner(xml, multipart.ref.tenant, "Initiator");
  write_owner(xml, multipart.ref.tenant);
  xml.element("StorageClass", "STANDARD").element("Initiated", http::iso_time(multipart.created_ms));
  if (multipart.algorithm) {
    xml.element("ChecksumAlgorithm", media::word(*multipart.algorithm));
    xml.element("ChecksumType", multipart.composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  xml.end();
}

// What a repeat with the same Idempotency-Key must say again: all that describes the object.
std::string said_in(const Call& call) {
  std::string said = call.target.bucket + "/" + call.target.key;
  const http::Fields& fields = call.request().fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto [name, value] = fields[i];
    const bool of_signature = name == "x-amz-date" || name == "x-amz-content-sha256" || name == "x-amz-security-token";
    const bool describes = name.starts_with("x-amz-") || name.starts_with("content-") || name == "cache-control";
    if (describes && !of_signature) said.append("\n").append(name).append(": ").append(value);
  }
  return said;
}

handlers::Answer begin_multipart(const Call& call, media::NewMultipart wanted) {
  const auto multipart = co_await call.services.multiparts.create(std::move(wanted));
  if (!multipart) co_return std::unexpected(multipart.error());
  XmlWriter xml("InitiateMultipartUploadResult", kNamespace);
  xml.element("Bucket", call.target.bucket).element("Key", call.target.key).element("UploadId", multipart->ref.id);
  Response response = xml_response(xml);
  if (multipart->algorithm) {
    response.fields.add("x-amz-checksum-algorithm", media::word(*multipart->algorithm));
    response.fields.add("x-amz-checksum-type", multipart->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  co_return response;
}

}  // namespace

media::MultipartRef multipart_of(const Call& call) {
  return {call.tenant(), call.target.bucket, call.target.key, call.target.value("uploadId")};
}

Answer create_multipart(const Call& call) {
  const auto wanted = new_multipart(call);
  if (!wanted) co_return std::unexpected(wanted.error());
  const auto work = [&] { return begin_multipart(call, *wanted); };
  auto response = co_await once(call.services, call.exchange, call.caller.principal, said_in(call), work);
  if (!response) co_return pass(response);
  co_return std::move(*response);
}

Answer complete_multipart(const Call& call) {
  const auto text = co_await read_document(call.exchange, call.caller, kCompleteBytesMax, ChecksumFields::kOfObject);
  if (!text) co_return std::unexpected(text.error());
  auto completion = read_completion(call, *text);
  if (!completion) co_return pass(completion);
  const auto object = co_await call.services.multiparts.complete(multipart_of(call), std::move(*completion));
  if (!object) co_return std::unexpected(Refusal(object.error()));
  XmlWriter xml("CompleteMultipartUploadResult", kNamespace);
  xml.element("Location", location_of(call)).element("Bucket", object->bucket).element("Key", object->key);
  xml.element("ETag", quoted_etag(object->etag));
  write_checksums(xml, object->checksums, object->part_count, /*with_type=*/true);
  co_return xml_response(xml);
}

Answer abort_multipart(const Call& call) {
  auto aborted = co_await call.services.multiparts.abort(multipart_of(call));
  if (!aborted) co_return pass(aborted);
  co_return Response::empty(204);
}

Answer list_multiparts(const Call& call) {
  const auto limit = page_limit(call.target, "max-uploads");
  if (!limit) co_return std::unexpected(limit.error());
  const auto encoded = wants_url_encoding(call.target);
  if (!encoded) co_return std::unexpected(encoded.error());
  const std::string marker = call.target.value("key-marker");
  media::MultipartListing listing{
      {call.target.value("prefix"), call.target.value("delimiter"), marker, std::max<std::size_t>(*limit, 1)},
      marker.empty() ? "" : call.target.value("upload-id-marker")};
  const auto page = co_await call.services.multiparts.list(call.tenant(), call.target.bucket, listing);
  if (!page) co_return std::unexpected(Refusal(page.error()));
  XmlWriter xml("ListMultipartUploadsResult", kNamespace);
  xml.element("Bucket", call.target.bucket).element("KeyMarker", shown_key(marker, *encoded));
  xml.element("UploadIdMarker", listing.after_id).element("Prefix", shown_key(listing.keys.prefix, *encoded));
  if (!listing.keys.delimiter.empty()) xml.element("Delimiter", shown_key(listing.keys.delimiter, *encoded));
  xml.element("MaxUploads", listing.keys.limit).element("IsTruncated", page->more);
  if (*encoded) xml.element("EncodingType", "url");
  if (page->more) {
    xml.element("NextKeyMarker", shown_key(page->next_key, *encoded)).element("NextUploadIdMarker", page->next_id);
  }
  for (const Multipart& multipart : page->multiparts) write_multipart(xml, multipart, *encoded);
  for (const std::string& prefix : page->common_prefixes) {
    xml.begin("CommonPrefixes").element("Prefix", shown_key(prefix, *encoded)).end();
  }
  co_return xml_response(xml);
}

}  // namespace millrace::handlers::s3
