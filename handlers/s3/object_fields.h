// What request and response fields say of an object: its headers, metadata, tags, checksums and conditions.
#pragma once

#include <optional>
#include <string>

#include "handlers/s3/call.h"
#include "handlers/s3/refusal.h"
#include "media/buckets/bucket.h"
#include "server/http/fields.h"
#include "server/http/message.h"
#include "server/http/xml.h"

namespace millrace::handlers::s3 {

// The fields to be kept with an object.
media::ObjectHeaders headers_of(const http::Request& request);
// Of x-amz-tagging: pairs as in a query.
Result<media::Tags> tags_of(const http::Request& request);
// If-Match and If-None-Match of a write.
Result<media::WriteCondition> condition_of(const http::Request& request);
// The algorithm a checksum is to be made with, of this field.
Result<std::optional<media::ChecksumAlgorithm>> algorithm_of(const http::Request& request, std::string_view field);

std::string quoted_etag(std::string_view etag);
std::string_view bare_etag(std::string_view etag);

void add_object_fields(http::Fields& fields, const media::BucketObject& object);
// x-amz-checksum-… and its type.
void add_checksum_fields(http::Fields& fields, const std::vector<media::Checksum>& checksums, std::size_t part_count);
// <ChecksumCRC32>…, and <ChecksumType> when asked for.
void write_checksums(http::XmlWriter& xml, const std::vector<media::Checksum>& checksums, std::size_t part_count,
                     bool with_type);
// Every <ChecksumX> below the element.
Result<std::vector<media::Checksum>> read_checksums(const http::Xml& element);

}  // namespace millrace::handlers::s3
