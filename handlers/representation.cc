#include "handlers/representation.h"

#include <algorithm>
#include <utility>

#include "server/http/date.h"
#include "server/http/url.h"

namespace millrace::handlers {
namespace {

using http::RangeChoice;
using http::Response;

bool is_field_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

// The name twice: for old clients without what they might misread, and as it is (RFC 6266).
std::string disposition(const std::string& file_name) {
  std::string plain = file_name;
  std::ranges::replace_if(plain, [](unsigned char c) { return c < 0x20 || c >= 0x7f || c == '"' || c == '\\'; }, '_');
  return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + http::percent_encode(file_name);
}

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

http::Fields fields_of(const http::Validators& validators) {
  http::Fields fields;
  fields.add("etag", validators.etag);
  fields.add("last-modified", http::http_date(*validators.last_modified));
  fields.add("cache-control", "private");
  return fields;
}

http::Fields file_fields(http::Fields validator_fields, const std::string& content_type, const std::string& file_name) {
  http::Fields fields = std::move(validator_fields);
  fields.add("accept-ranges", "bytes");
  fields.add("content-type", is_field_text(content_type) ? content_type : "application/octet-stream");
  fields.add("content-disposition", disposition(file_name));
  // What was uploaded as a picture must not become a script.
  fields.add("x-content-type-options", "nosniff");
  return fields;
}

Answer represent(const http::Exchange& exchange, const Door& door, Representation what, SetBody set_body) {
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
