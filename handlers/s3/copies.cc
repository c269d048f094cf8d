#include "handlers/s3/copies.h"

#include <fmt/format.h>

#include "handlers/s3/current.h"
#include "handlers/s3/envelope.h"
#include "handlers/s3/multipart.h"
#include "handlers/s3/object_fields.h"
#include "handlers/s3/parts.h"
#include "media/buckets/buckets.h"
#include "media/buckets/multiparts.h"
#include "server/http/conditional.h"
#include "server/http/crypto.h"
#include "server/http/date.h"
#include "server/http/range.h"
#include "server/rt/text.h"

namespace millrace::handlers::s3 {
namespace {

using http::XmlWriter;
using media::BucketObject;
using media::ChecksumAlgorithm;

constexpr std::size_t kMd5Digits = 32;

// x-amz-copy-source-if-… are the conditions of a read of the source.
Status check_source(const http::Request& request, const BucketObject& source) {
  http::Request read;
  for (const std::string_view name : {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}) {
    const auto value = request.fields.get("x-amz-copy-source-" + std::string(name));
    if (!value) continue;
    const bool bare = name.ends_with("match") && *value != "*" && value->find('"') == std::string_view::npos;
    read.fields.add(name, bare ? quoted_etag(*value) : std::string(*value));
  }
  const http::Validators validators{quoted_etag(source.etag), source.modified_ms / 1000};
  if (http::evaluate_conditions(read, validators) == http::Verdict::kProceed) return {};
  return refuse(reasons::kPreconditionFailed, "At least one of the pre-conditions you specified did not hold");
}

// The answer is made of the object that x-amz-copy-source names, if its conditions hold.
Answer of_source(const Call& call, OnObject answer) {
  const auto named = read_copy_source(call.field("x-amz-copy-source"));
  if (!named) co_return std::unexpected(named.error());
  co_return co_await of_current(call, named->bucket, named->key, std::move(answer));
}

// Reading for a checksum ends with the one who waits for it, and with the server.
rt::Status check_wanted(const Call& call) {
  if (call.exchange.peer_left) return rt::fail(rt::Code::kClosed, "the peer went away");
  if (!call.services.draining.load(std::memory_order_relaxed)) return {};
  return rt::fail(rt::Code::kUnavailable, "the server is shutting down");
}

rt::Task<Result<media::Copied>> copy(const Call& call, const BucketObject& source, http::ByteRange range,
                                     std::optional<ChecksumAlgorithm> algorithm) {
  auto copied = co_await call.services.buckets.copy(
      {source, range.first, range.length, algorithm, [&call] { return check_wanted(call); }});
  if (!copied) co_return pass(copied);
  co_return std::move(*copied);
}

Result<bool> replaces(const http::Request& request, std::string_view directive) {
  const auto value = request.fields.get(directive);
  if (!value || *value == "COPY") return false;
  if (*value == "REPLACE") return true;
  return refuse(reasons::kInvalidArgument, std::string(directive) + " must be COPY or REPLACE.");
}

// The bytes are the same, so what is known of them stays true.
std::string md5_of(const BucketObject& source) {
  return source.etag.size() == kMd5Digits ? http::unhex(source.etag).value_or("") : std::string();
}

Result<media::PutObject> put_of(const Call& call, const BucketObject& source) {
  const auto new_headers = replaces(call.request(), "x-amz-metadata-directive");
  if (!new_headers) return std::unexpected(new_headers.error());
  const auto new_tags = replaces(call.request(), "x-amz-tagging-directive");
  if (!new_tags) return std::unexpected(new_tags.error());
  if (source.bucket == call.target.bucket && source.key == call.target.key && !*new_headers && !*new_tags) {
    return refuse(reasons::kInvalidRequest,
                  "This copy request is illegal because it is trying to copy an object to itself without changing the "
                  "object's metadata.");
  }
  auto tags = tags_of(call.request());
  if (!tags) return pass(tags);
  auto condition = condition_of(call.request());
  if (!condition) return pass(condition);
  media::PutObject put;
  put.tenant = call.tenant();
  put.bucket = call.target.bucket;
  put.key = call.target.key;
  put.headers = *new_headers ? headers_of(call.request()) : source.headers;
  put.tags = *new_tags ? std::move(*tags) : source.tags;
  put.md5 = md5_of(source);
  put.condition = std::move(*condition);
  return put;
}

// Both ends are named and lie in the source: a part that is silently shorter would be a surprise.
Result<http::ByteRange> range_of(const Call& call, const BucketObject& source) {
  const auto field = call.request().fields.get("x-amz-copy-source-range");
  if (!field) return http::ByteRange{0, source.size_bytes};
  constexpr std::string_view kUnit = "bytes=";
  const std::string_view ends = field->starts_with(kUnit) ? field->substr(kUnit.size()) : "";
  const std::size_t dash = ends.find('-');
  const auto first = rt::whole_number<std::uint64_t>(ends.substr(0, dash));
  const auto last = rt::whole_number<std::uint64_t>(dash == std::string_view::npos ? "" : ends.substr(dash + 1));
  if (!first || !last || *first > *last) {
    return refuse(reasons::kInvalidArgument, "The x-amz-copy-source-range value must be of the form bytes=first-last.");
  }
  if (*last < source.size_bytes) return http::ByteRange{*first, *last - *first + 1};
  return refuse(reasons::kInvalidArgument,
                fmt::format("Range specified is not valid for source object of size: {}", source.size_bytes));
}

http::Response copy_response(std::string_view root, std::string_view etag, std::int64_t modified_ms,
                             const std::vector<media::Checksum>& checksums) {
  XmlWriter xml(root, kNamespace);
  xml.element("LastModified", http::iso_time(modified_ms)).element("ETag", quoted_etag(etag));
  write_checksums(xml, checksums, 0, /*with_type=*/true);
  return xml_response(xml);
}

Answer copy_whole(const Call& call, const BucketObject& source) {
  if (auto checked = check_source(call.request(), source); !checked) co_return pass(checked);
  auto put = put_of(call, source);
  if (!put) co_return pass(put);
  auto algorithm = algorithm_of(call.request(), "x-amz-checksum-algorithm");
  if (!algorithm) co_return pass(algorithm);
  if (!*algorithm && !source.checksums.empty()) *algorithm = source.checksums.front().algorithm;
  auto intake = co_await call.services.buckets.begin(*put, source.size_bytes);
  if (!intake) co_return pass(intake);
  auto copied = co_await copy(call, source, {0, source.size_bytes}, *algorithm);
  if (!copied) co_return pass(copied);
  put->checksums = std::move(copied->checksums);
  auto object =
      co_await call.services.buckets.put(std::move(*put), std::move(copied->draft), std::move(intake->arrival));
  if (!object) co_return pass(object);
  co_return copy_response("CopyObjectResult", object->etag, object->modified_ms, object->checksums);
}

Answer copy_range(const Call& call, std::uint32_t number, std::optional<ChecksumAlgorithm> algorithm,
                  const BucketObject& source) {
  if (auto checked = check_source(call.request(), source); !checked) co_return pass(checked);
  auto range = range_of(call, source);
  if (!range) co_return pass(range);
  auto& multiparts = call.services.multiparts;
  auto intake = co_await multiparts.begin_part(multipart_of(call), number, range->length);
  if (!intake) co_return pass(intake);
  auto copied = co_await copy(call, source, *range, algorithm);
  if (!copied) co_return pass(copied);
  media::PutPart put{number, {}, std::move(copied->checksums)};
  auto part = co_await multiparts.put_part(multipart_of(call), std::move(put), std::move(copied->draft),
                                           std::move(intake->arrival));
  if (!part) co_return pass(part);
  co_return copy_response("CopyPartResult", part->etag, part->modified_ms, part->checksums);
}

}  // namespace

Answer copy_object(const Call& call) {
  return of_source(call, [&call](const BucketObject& source) { return copy_whole(call, source); });
}

Answer copy_part(const Call& call) {
  const auto number = part_number_of(call.target);
  if (!number) co_return std::unexpected(number.error());
  const auto multipart = co_await call.services.multiparts.get(multipart_of(call));
  if (!multipart) co_return std::unexpected(Refusal(multipart.error()));
  const auto answer = [&](const BucketObject& source) {
    return copy_range(call, *number, multipart->algorithm, source);
  };
  co_return co_await of_source(call, answer);
}

}  // namespace millrace::handlers::s3
