#include "handlers/s3/parts.h"

#include "handlers/s3/acl.h"
#include "handlers/s3/envelope.h"
#include "handlers/s3/listings.h"
#include "handlers/s3/multipart.h"
#include "handlers/s3/object_fields.h"
#include "handlers/s3/payload.h"
#include "media/buckets/multiparts.h"
#include "server/http/date.h"
#include "server/rt/text.h"

namespace millrace::handlers::s3 {
namespace {

using http::Response;
using http::XmlWriter;

void write_part(XmlWriter& xml, const media::MultipartPart& part) {
  xml.begin("Part").element("PartNumber", part.number).element("LastModified", http::iso_time(part.modified_ms));
  xml.element("ETag", quoted_etag(part.etag)).element("Size", part.size_bytes);
  write_checksums(xml, part.checksums, 0, /*with_type=*/false);
  xml.end();
}

Result<std::uint32_t> marker_of(const Target& target) {
  const std::string text = target.value("part-number-marker");
  if (text.empty()) return 0;
  if (const auto marker = rt::whole_number<std::uint32_t>(text)) return *marker;
  return refuse(reasons::kInvalidArgument, "Provided part-number-marker not an integer or within integer range");
}

}  // namespace

Result<std::uint32_t> part_number_of(const Target& target) {
  const auto number = rt::whole_number<std::uint32_t>(target.value("partNumber"));
  if (number && *number >= 1 && *number <= media::kPartsMax) return *number;
  return refuse(reasons::kInvalidArgument, "Part number must be an integer between 1 and 10000, inclusive");
}

Answer upload_part(const Call& call) {
  const auto number = part_number_of(call.target);
  if (!number) co_return std::unexpected(number.error());
  const auto computed = algorithm_of(call.request(), "x-amz-sdk-checksum-algorithm");
  if (!computed) co_return std::unexpected(computed.error());
  auto payload = Payload::open(call.exchange, call.caller, *computed);
  if (!payload) co_return pass(payload);
  auto& multiparts = call.services.multiparts;
  auto intake = co_await multiparts.begin_part(multipart_of(call), *number, payload->length());
  if (!intake) co_return pass(intake);
  auto received = co_await receive(std::move(*payload), std::move(*intake));
  if (!received) co_return pass(received);
  media::PutPart put{*number, std::move(received->verified.md5), std::move(received->verified.checksums)};
  const auto part = co_await multiparts.put_part(multipart_of(call), std::move(put), std::move(received->draft),
                                                 std::move(received->arrival));
  if (!part) co_return std::unexpected(Refusal(part.error()));
  Response response = Response::empty(200);
  response.fields.add("etag", quoted_etag(part->etag));
  add_checksum_fields(response.fields, part->checksums, 0);
  co_return response;
}

Answer list_parts(const Call& call) {
  const auto limit = page_limit(call.target, "max-parts");
  if (!limit) co_return std::unexpected(limit.error());
  const auto marker = marker_of(call.target);
  if (!marker) co_return std::unexpected(marker.error());
  const auto page =
      co_await call.services.multiparts.list_parts(multipart_of(call), *marker, std::max<std::size_t>(*limit, 1));
  if (!page) co_return std::unexpected(Refusal(page.error()));
  XmlWriter xml("ListPartsResult", kNamespace);
  xml.element("Bucket", call.target.bucket).element("Key", call.target.key);
  xml.element("UploadId", call.target.value("uploadId"));
  write_owner(xml, call.tenant(), "Initiator");
  write_owner(xml, call.tenant());
  xml.element("StorageClass", "STANDARD").element("PartNumberMarker", *marker);
  if (page->more) xml.element("NextPartNumberMarker", page->parts.back().number);
  xml.element("MaxParts", *limit).element("IsTruncated", page->more);
  if (page->multipart.algorithm) {
    xml.element("ChecksumAlgorithm", media::word(*page->multipart.algorithm));
    xml.element("ChecksumType", page->multipart.composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  for (const media::MultipartPart& part : page->parts) write_part(xml, part);
  co_return xml_response(xml);
}

}  // namespace millrace::handlers::s3
