#include "handlers/s3/attributes.h"

#include <algorithm>
#include <array>

#include "handlers/s3/current.h"
#include "handlers/s3/envelope.h"
#include "handlers/s3/object_fields.h"
#include "media/buckets/buckets.h"
#include "server/http/date.h"
#include "server/rt/text.h"

namespace millrace::handlers::s3 {
namespace {

using http::XmlWriter;
using media::BucketObject;
using media::ObjectPart;

constexpr std::size_t kPartsPageMax = 1000;
constexpr std::array<std::string_view, 5> kAttributes = {"ETag", "Checksum", "ObjectParts", "StorageClass",
                                                         "ObjectSize"};

// Of all fields of that name: lists may be split.
Result<std::vector<std::string>> wanted_attributes(const http::Request& request) {
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    if (request.fields[i].name != "x-amz-object-attributes") continue;
    std::string_view list = request.fields[i].value;
    while (!list.empty()) {
      const std::size_t comma = std::min(list.find(','), list.size());
      std::string word(list.substr(0, comma));
      std::erase(word, ' ');
      list.remove_prefix(std::min(comma + 1, list.size()));
      if (std::ranges::find(kAttributes, word) == kAttributes.end()) {
        return refuse(reasons::kInvalidArgument, "Invalid attribute name specified.");
      }
      wanted.push_back(std::move(word));
    }
  }
  if (wanted.empty()) return refuse(reasons::kInvalidArgument, "x-amz-object-attributes is missing.");
  return wanted;
}

Result<std::size_t> number_of(const Call& call, std::string_view field, std::size_t otherwise) {
  const std::string text = call.field(field);
  if (text.empty()) return otherwise;
  if (const auto number = rt::whole_number<std::size_t>(text)) return *number;
  return refuse(reasons::kInvalidArgument, std::string(field) + " is no number.");
}

void write_parts(XmlWriter& xml, const std::vector<ObjectPart>& parts, std::size_t marker, std::size_t limit) {
  auto part = std::ranges::find_if(parts, [&](const ObjectPart& each) { return each.number > marker; });
  const auto end = part + static_cast<std::ptrdiff_t>(std::min<std::size_t>(limit, parts.end() - part));
  xml.begin("ObjectParts").element("PartsCount", parts.size()).element("PartNumberMarker", marker);
  if (part != end) xml.element("NextPartNumberMarker", std::prev(end)->number);
  xml.element("MaxParts", limit).element("IsTruncated", end != parts.end());
  for (; part != end; ++part) {
    xml.begin("Part").element("PartNumber", part->number).element("Size", part->size_bytes);
    write_checksums(xml, part->checksums, 0, /*with_type=*/false);
    xml.end();
  }
  xml.end();
}

rt::Task<Status> add_parts(XmlWriter& xml, const Call& call, const BucketObject& object) {
  const auto limit = number_of(call, "x-amz-max-parts", kPartsPageMax);
  const auto marker = number_of(call, "x-amz-part-number-marker", 0);
  if (!limit) co_return std::unexpected(limit.error());
  if (!marker) co_return std::unexpected(marker.error());
  const auto parts = co_await call.services.buckets.parts(object);
  if (!parts) co_return std::unexpected(Refusal(parts.error()));
  if (!parts->empty()) write_parts(xml, *parts, *marker, std::min(*limit, kPartsPageMax));
  co_return Status();
}

Answer attributes_of(const Call& call, const std::vector<std::string>& wanted, const BucketObject& object) {
  const auto wants = [&](std::string_view name) { return std::ranges::find(wanted, name) != wanted.end(); };
  XmlWriter xml("GetObjectAttributesResponse", kNamespace);
  if (wants("ETag")) xml.element("ETag", object.etag);
  if (wants("Checksum") && !object.checksums.empty()) {
    xml.begin("Checksum");
    write_checksums(xml, object.checksums, object.part_count, /*with_type=*/true);
    xml.end();
  }
  if (wants("ObjectParts")) {
    auto added = co_await add_parts(xml, call, object);
    if (!added) co_return pass(added);
  }
  if (wants("StorageClass")) xml.element("StorageClass", "STANDARD");
  if (wants("ObjectSize")) xml.element("ObjectSize", object.size_bytes);
  http::Response response = xml_response(xml);
  response.fields.add("last-modified", http::http_date(object.modified_ms / 1000));
  co_return response;
}

}  // namespace

Answer get_attributes(const Call& call) {
  const auto wanted = wanted_attributes(call.request());
  if (!wanted) co_return std::unexpected(wanted.error());
  const auto answer = [&](const BucketObject& object) { return attributes_of(call, *wanted, object); };
  co_return co_await of_current(call, call.target.bucket, call.target.key, answer);
}

}  // namespace millrace::handlers::s3
