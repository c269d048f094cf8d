#include "handlers/originals_v2.h"

#include <algorithm>

#include "handlers/envelope_v2.h"
#include "handlers/object_body.h"
#include "server/http/conditional.h"
#include "server/http/date.h"
#include "server/http/range.h"
#include "server/http/url.h"

namespace millrace::handlers::v2 {
namespace {

using http::RangeChoice;
using http::Response;
using media::Original;

bool is_field_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

// The name twice: for old clients without what they might misread, and as it is (RFC 6266).
std::string disposition(const std::string& file_name) {
  std::string plain = file_name;
  std::ranges::replace_if(plain, [](unsigned char c) { return c < 0x20 || c >= 0x7f || c == '"' || c == '\\'; }, '_');
  return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + http::percent_encode(file_name);
}

void add_validators(Response& response, const http::Validators& validators) {
  response.fields.add("etag", validators.etag);
  response.fields.add("last-modified", http::http_date(*validators.last_modified));
  response.fields.add("cache-control", "private");
}

void add_description(Response& response, const Original& original) {
  response.fields.add("accept-ranges", "bytes");
  response.fields.add("content-type",
                      is_field_text(original.content_type) ? original.content_type : "application/octet-stream");
  response.fields.add("content-disposition", disposition(original.file_name));
  // What was uploaded as a picture must not become a script.
  response.fields.add("x-content-type-options", "nosniff");
}

Response unsatisfiable(const Original& original) {
  Response response = refuse(
      {rt::Code::kRangeUnsatisfiable, "the file has " + std::to_string(original.size_bytes) + " bytes", "range"});
  response.fields.add("content-range", http::content_range_unsatisfied(original.size_bytes));
  return response;
}

// Range is defined for GET only.
RangeChoice choose(const http::Request& request, const http::Validators& validators, std::uint64_t size_bytes) {
  const bool honoured = request.method == http::Method::kGet && http::range_condition_holds(request, validators);
  return http::choose_range(honoured ? request.fields.get("range") : std::nullopt, size_bytes);
}

}  // namespace

Answer get_original(Services& services, http::Exchange& exchange, media::Principal principal) {
  const http::Request& request = exchange.request;
  auto original = co_await services.catalog.original(principal.tenant, exchange.params[0]);
  if (!original) co_return rt::pass(original);
  const http::Validators validators{"\"" + original->etag + "\"", original->modified_ms / 1000};
  const http::Verdict verdict = http::evaluate_conditions(request, validators);
  if (verdict == http::Verdict::kPreconditionFailed) {
    co_return rt::fail(rt::Code::kPreconditionFailed, "the condition does not hold");
  }
  Response response;
  add_validators(response, validators);
  if (verdict == http::Verdict::kNotModified) {
    response.status = 304;
    co_return response;
  }
  const RangeChoice choice = choose(request, validators, original->size_bytes);
  if (choice.kind == RangeChoice::Kind::kUnsatisfiable) co_return unsatisfiable(*original);
  add_description(response, *original);
  if (choice.kind == RangeChoice::Kind::kPart) {
    response.status = 206;
    response.fields.add("content-range", http::content_range(choice.range, original->size_bytes));
  }
  if (request.method == http::Method::kHead) {
    response.content_length = choice.range.length;
    co_return response;
  }
  auto set =
      co_await set_object_body(response, services.store, original->object, choice.range.first, choice.range.length);
  if (!set) co_return rt::pass(set);
  co_return response;
}

}  // namespace millrace::handlers::v2
