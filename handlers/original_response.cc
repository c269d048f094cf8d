#include "handlers/original_response.h"

#include "handlers/described_original.h"
#include "handlers/object_body.h"
#include "server/http/conditional.h"
#include "server/http/range.h"

namespace millrace::handlers {
namespace {

using http::RangeChoice;
using http::Response;
using media::Original;

Response unsatisfiable(const Original& original, const Door& door, const http::Exchange& exchange) {
  const std::string rule = "the file has " + std::to_string(original.size_bytes) + " bytes";
  Response response = door.refuse({rt::Code::kRangeUnsatisfiable, rule, "range"}, exchange);
  response.fields.add("content-range", http::content_range_unsatisfied(original.size_bytes));
  return response;
}

// Range is defined for GET only.
RangeChoice choose(const http::Request& request, const http::Validators& validators, std::uint64_t size_bytes) {
  const bool honoured = request.method == http::Method::kGet && http::range_condition_holds(request, validators);
  return http::choose_range(honoured ? request.fields.get("range") : std::nullopt, size_bytes);
}

}  // namespace

Answer original_response(Services& services, http::Exchange& exchange, const Door& door, std::string tenant,
                         std::string media_id) {
  const http::Request& request = exchange.request;
  auto found = co_await services.originals.get(services.catalog, std::move(tenant), std::move(media_id));
  if (!found) co_return rt::pass(found);
  const DescribedOriginal& described = **found;
  const Original& original = described.original;
  const http::Verdict verdict = http::evaluate_conditions(request, described.validators);
  if (verdict == http::Verdict::kPreconditionFailed) {
    co_return rt::fail(rt::Code::kPreconditionFailed, "the condition does not hold");
  }
  Response response;
  if (verdict == http::Verdict::kNotModified) {
    response.status = 304;
    response.fields = described.validator_fields;
    co_return response;
  }
  const RangeChoice choice = choose(request, described.validators, original.size_bytes);
  if (choice.kind == RangeChoice::Kind::kUnsatisfiable) co_return unsatisfiable(original, door, exchange);
  response.fields = described.fields;
  if (choice.kind == RangeChoice::Kind::kPart) {
    response.status = 206;
    response.fields.add("content-range", http::content_range(choice.range, original.size_bytes));
  }
  if (request.method == http::Method::kHead) {
    response.content_length = choice.range.length;
    co_return response;
  }
  auto set =
      co_await set_object_body(response, services.store, original.object, choice.range.first, choice.range.length);
  // The media's object never changes: without it, the media has gone since it was looked up.
  if (!set && set.error().code == rt::Code::kNotFound) co_return rt::fail(rt::Code::kNotFound, "no such media");
  if (!set) co_return rt::pass(set);
  co_return response;
}

}  // namespace millrace::handlers
