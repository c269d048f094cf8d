#include "handlers/gateway.h"

#include <algorithm>
#include <set>

#include "handlers/admission.h"
#include "handlers/cors.h"
#include "handlers/doors.h"
#include "handlers/routes.h"
#include "handlers/s3/front.h"
#include "handlers/s3/target.h"
#include "handlers/v2/upload_put.h"
#include "server/http/forwarded.h"
#include "server/http/sigv4.h"

namespace millrace::handlers {
namespace {

constexpr std::size_t kRequestIdMaxBytes = 64;
constexpr const char* kUploadPattern = "/uploads/{id}";

bool is_sane_id(std::string_view id) {
  const auto sane = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
  return !id.empty() && id.size() <= kRequestIdMaxBytes && std::ranges::all_of(id, sane);
}

// A caller's own id joins its log and ours.
void take_over_id(http::Exchange& exchange) {
  const auto id = exchange.request.fields.get("x-request-id");
  if (id && is_sane_id(*id)) exchange.id = *id;
}

// GET brings HEAD along, and every path tells its methods to OPTIONS.
std::string with_implied(std::string allow) {
  if (allow.find("GET") != std::string::npos) allow += ", HEAD";
  return allow + ", OPTIONS";
}

http::Response refuse(const http::Exchange& exchange, const rt::Error& error) {
  return door_at(exchange.request.path()).refuse(error, exchange);
}

http::Response not_routed(const http::Exchange& exchange, std::string allow) {
  const http::Request& request = exchange.request;
  if (allow.empty()) return refuse(exchange, {rt::Code::kNotFound, "there is nothing at this path"});
  const bool asks = request.method == http::Method::kOptions;
  http::Response response =
      asks ? http::Response::empty(204)
           : refuse(exchange, {rt::Code::kMethod, "this path does not know the method " + request.method_text});
  if (asks) response.content_length.reset();
  response.fields.add("allow", with_implied(std::move(allow)));
  return response;
}

rt::Task<http::Response> immediate(http::Response response) { co_return response; }

}  // namespace

Gateway::Gateway(Services& services) : services_(services) {
  add_routes(by_path_, services);
  uploads_.add(http::Method::kPut, kUploadPattern,
               [&services](http::Exchange& exchange) { return put_upload(services, exchange); });
}

std::vector<const http::Route*> Gateway::routes() const {
  std::vector<const http::Route*> routes;
  for (const http::Router* router : {&by_path_, &uploads_}) {
    for (const auto& route : router->routes()) routes.push_back(route.get());
  }
  return routes;
}

std::vector<std::string> Gateway::patterns() const {
  std::set<std::string> patterns;
  for (const http::Route* route : routes()) patterns.insert(route->pattern);
  for (std::string& name : s3::route_names()) patterns.insert(std::move(name));
  return {patterns.begin(), patterns.end()};
}

rt::Task<http::Response> Gateway::answer(http::Exchange& exchange) {
  exchange.allowance.reset();  // of whoever asked before on this connection or stream
  take_over_id(exchange);
  if (services_.settings.trusts) http::apply_forwarded(exchange.request, services_.settings.trusts);
  if (is_preflight(exchange.request)) co_return preflight(exchange.request);
  exchange.text.count_in(services_.text);
  http::Response response = co_await route(exchange);
  exchange.text.release();
  add_allowance(exchange, response.fields);
  allow(exchange.request, response.fields);
  co_return response;
}

http::Response Gateway::preflight(const http::Request& request) const {
  static const std::vector<std::string> kAnybody = {"*"};
  http::Response response =
      preflight_response(is_for_any_page(request) ? kAnybody : services_.settings.cors_origins, request);
  allow(request, response.fields);
  return response;
}

void Gateway::allow(const http::Request& request, http::Fields& fields) const {
  if (is_for_any_page(request)) {
    allow_any_origin(fields);
  } else {
    allow_origin(services_.settings.cors_origins, request, fields);
  }
}

rt::Task<http::Response> Gateway::route(http::Exchange& exchange) {
  const http::Request& request = exchange.request;
  const bool is_signed = http::sigv4::is_signed(request) || http::sigv4::is_signed_by_version_2(request);
  if (is_signed && !is_upload_put(request)) return s3::answer(services_, exchange);
  const http::Router& router = is_signed ? uploads_ : by_path_;
  auto match = router.match(request.method, request.path());
  if (!match) return immediate(refuse(exchange, match.error()));
  if (!match->route) return immediate(not_routed(exchange, std::move(match->allow)));
  exchange.route = match->route->pattern;
  exchange.params = std::move(match->params);
  return match->route->handler(exchange);
}

// The presigned address of an upload of type put. A key of S3's in the bucket `uploads` has a segment more.
bool Gateway::is_upload_put(const http::Request& request) const {
  if (request.method != http::Method::kPut || request.fields.get("authorization")) return false;
  if (!s3::bucket_of_host(services_.settings, request.authority).empty()) return false;
  const auto match = uploads_.match(request.method, request.path());
  return match && match->route;
}

}  // namespace millrace::handlers
