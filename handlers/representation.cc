#include "handlers/representation.h"

#include <utility>

namespace millrace::handlers {
namespace {

using http::RangeChoice;
using http::Response;

Response unsatisfiable(const Representation& what, const Door& door, const http::Exchange& exchange) {
  const std::string rule = "the file has " + std::to_string(what.size_bytes) + " bytes";
  Response response = door.refuse({rt::Code::kRangeUnsatisfiable, rule, "range"}, exchange);
  response.fields.add("content-range", http::content_range_unsatisfied(what.size_bytes));
  return response;
}

// Range is defined for GET only.
RangeChoice choose(const http::Request& request, const Representation& what) {
  const bool honoured = request.method == http::Method::kGet && http::range_condition_holds(request, what.validators);
  return http::choose_range(honoured ? request.fields.get("range") : std::nullopt, what.size_bytes);
}

}  // namespace

Answer represent(const http::Exchange& exchange, const Door& door, const Representation& what, SetBody set_body) {
  const http::Request& request = exchange.request;
  const http::Verdict verdict = http::evaluate_conditions(request, what.validators);
  if (verdict == http::Verdict::kPreconditionFailed) {
    co_return rt::fail(rt::Code::kPreconditionFailed, "the condition does not hold");
  }
  Response response;
  if (verdict == http::Verdict::kNotModified) {
    response.status = 304;
    response.fields = what.validator_fields;
    co_return response;
  }
  const RangeChoice choice = choose(request, what);
  if (choice.kind == RangeChoice::Kind::kUnsatisfiable) co_return unsatisfiable(what, door, exchange);
  response.fields = what.fields;
  if (choice.kind == RangeChoice::Kind::kPart) {
    response.status = 206;
    response.fields.add("content-range", http::content_range(choice.range, what.size_bytes));
  }
  response.content_length = choice.range.length;
  if (request.method == http::Method::kHead) co_return response;
  auto set = co_await set_body(response, choice.range);
  if (!set) co_return rt::pass(set);
  co_return response;
}

}  // namespace millrace::handlers
