#include "handlers/s3/objects.h"

#include <algorithm>
#include <array>

#include "handlers/object_body.h"
#include "handlers/s3/current.h"
#include "handlers/s3/object_fields.h"
#include "handlers/s3/parts.h"
#include "handlers/s3/payload.h"
#include "media/buckets/buckets.h"
#include "server/http/conditional.h"
#include "server/http/date.h"
#include "server/http/range.h"

namespace millrace::handlers::s3 {
namespace {

using http::Response;
using media::BucketObject;

struct Override {
  std::string_view parameter;
  std::string_view field;
};

constexpr std::array kOverrides = {
    Override{"response-content-type", "content-type"},
    Override{"response-content-language", "content-language"},
    Override{"response-expires", "expires"},
    Override{"response-cache-control", "cache-control"},
    Override{"response-content-disposition", "content-disposition"},
    Override{"response-content-encoding", "content-encoding"},
};

Result<media::PutObject> put_of(const Call& call) {
  auto tags = tags_of(call.request());
  if (!tags) return pass(tags);
  auto condition = condition_of(call.request());
  if (!condition) return pass(condition);
  media::PutObject put;
  put.tenant = call.tenant();
  put.bucket = call.target.bucket;
  put.key = call.target.key;
  put.headers = headers_of(call.request());
  put.tags = std::move(*tags);
  put.condition = std::move(*condition);
  return put;
}

bool is_field_text(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

Status override_fields(const Target& target, http::Fields& fields) {
  for (const Override& each : kOverrides) {
    const auto value = target.maybe(each.parameter);
    if (!value) continue;
    if (!is_field_text(*value)) {
      return refuse(reasons::kInvalidArgument, std::string(each.parameter) + " may not have control characters.");
    }
    fields.set(each.field, *value);
  }
  return {};
}

// Clients may leave the quotes of an ETag away.
void quote_conditions(http::Request& request) {
  for (const std::string_view name : {"if-match", "if-none-match"}) {
    const std::string value(request.fields.get(name).value_or(""));
    const bool bare = !value.empty() && value != "*" && value.find('"') == std::string::npos;
    if (bare) request.fields.set(name, quoted_etag(value));
  }
}

// Which bytes are asked for, and whether that is a part.
struct Choice {
  http::ByteRange range;
  bool partial = false;
};

rt::Task<Result<Choice>> choose_part(const Call& call, const BucketObject& object) {
  const auto number = part_number_of(call.target);
  if (!number) co_return std::unexpected(number.error());
  if (call.exchange.request.fields.get("range")) {
    co_return refuse(reasons::kInvalidRequest, "Cannot specify both Range header and partNumber query parameter");
  }
  if (object.part_count == 0 && *number == 1) co_return Choice{{0, object.size_bytes}, object.size_bytes > 0};
  const auto parts = co_await call.services.buckets.parts(object);
  if (!parts) co_return std::unexpected(Refusal(parts.error()));
  std::uint64_t offset = 0;
  for (const media::ObjectPart& part : *parts) {
    if (part.number == *number) co_return Choice{{offset, part.size_bytes}, part.size_bytes > 0};
    offset += part.size_bytes;
  }
  co_return refuse(reasons::kInvalidPartNumber, "The requested partnumber is not satisfiable");
}

rt::Task<Result<Choice>> choose(const Call& call, const BucketObject& object, const http::Validators& validators) {
  if (call.target.maybe("partNumber")) co_return co_await choose_part(call, object);
  const bool honoured = http::range_condition_holds(call.request(), validators);
  const auto choice =
      http::choose_range(honoured ? call.request().fields.get("range") : std::nullopt, object.size_bytes);
  if (choice.kind == http::RangeChoice::Kind::kUnsatisfiable) {
    Refusal refusal(reasons::kInvalidRange, "The requested range is not satisfiable");
    refusal.content_range = http::content_range_unsatisfied(object.size_bytes);
    co_return std::unexpected(std::move(refusal));
  }
  co_return Choice{choice.range, choice.kind == http::RangeChoice::Kind::kPart};
}

Response not_modified(const BucketObject& object) {
  Response response;
  response.status = 304;
  response.fields.add("etag", quoted_etag(object.etag));
  response.fields.add("last-modified", http::http_date(object.modified_ms / 1000));
  return response;
}

Result<Response> described(const Call& call, const BucketObject& object, const Choice& choice) {
  Response response;
  add_object_fields(response.fields, object);
  const bool wants_checksums = call.field("x-amz-checksum-mode") == "ENABLED";
  const bool whole = choice.range.length == object.size_bytes;
  if (wants_checksums && whole) add_checksum_fields(response.fields, object.checksums, object.part_count);
  if (auto overridden = override_fields(call.target, response.fields); !overridden) return pass(overridden);
  if (choice.partial) {
    response.status = 206;
    response.fields.add("content-range", http::content_range(choice.range, object.size_bytes));
  }
  response.content_length = choice.range.length;
  return response;
}

Answer get_current(const Call& call, const BucketObject& object) {
  const http::Validators validators{quoted_etag(object.etag), object.modified_ms / 1000};
  const http::Verdict verdict = http::evaluate_conditions(call.request(), validators);
  if (verdict == http::Verdict::kPreconditionFailed) {
    co_return refuse(reasons::kPreconditionFailed, "At least one of the pre-conditions you specified did not hold");
  }
  if (verdict == http::Verdict::kNotModified) co_return not_modified(object);
  const auto choice = co_await choose(call, object, validators);
  if (!choice) co_return std::unexpected(choice.error());
  auto response = described(call, object, *choice);
  if (!response || call.request().method == http::Method::kHead) co_return response;
  if (choice->range.length == 0) co_return response;
  auto reader = co_await call.services.buckets.read(object, choice->range.first, choice->range.length);
  if (!reader) co_return pass(reader);
  auto set = co_await set_object_body(*response, std::move(*reader), choice->range.length);
  if (!set) co_return pass(set);
  co_return response;
}

}  // namespace

Answer put_object(const Call& call) {
  auto put = put_of(call);
  if (!put) co_return pass(put);
  const auto computed = algorithm_of(call.request(), "x-amz-sdk-checksum-algorithm");
  if (!computed) co_return std::unexpected(computed.error());
  auto payload = Payload::open(call.exchange, call.caller, *computed);
  if (!payload) co_return pass(payload);
  auto intake = co_await call.services.buckets.begin(*put, payload->length());
  if (!intake) co_return pass(intake);
  auto received = co_await receive(std::move(*payload), std::move(*intake));
  if (!received) co_return pass(received);
  put->md5 = std::move(received->verified.md5);
  put->checksums = std::move(received->verified.checksums);
  auto object =
      co_await call.services.buckets.put(std::move(*put), std::move(received->draft), std::move(received->arrival));
  if (!object) co_return pass(object);
  Response response = Response::empty(200);
  response.fields.add("etag", quoted_etag(object->etag));
  add_checksum_fields(response.fields, object->checksums, object->part_count);
  co_return response;
}

Answer get_object(const Call& call) {
  quote_conditions(call.exchange.request);
  return of_current(call, call.target.bucket, call.target.key,
                    [&call](const BucketObject& object) { return get_current(call, object); });
}

}  // namespace millrace::handlers::s3
